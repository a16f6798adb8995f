// The keyword form: a preview that belongs to older text is never shown as if it were the newest, and the part about
// what gets worse opens when the preview says that much does. Without JavaScript, the button does the same.
"use strict";

(() => {
  const form = document.getElementById("keyword-form");
  const box = document.querySelector("[data-preview]");
  if (!form || !box) return;
  const preview = document.getElementById("preview");
  const sentence = document.getElementById("preview-sentence");
  const silence = box.querySelector("[data-unanswered]");
  const loss = form.querySelector("[data-loss]");

  document.querySelector("[data-preview-button]").hidden = true; // it is shown as one types

  form.addEventListener("input", (event) => {
    if (event.target.name !== "reason" && event.target.name !== "note") preview.setAttribute("aria-busy", "true");
  });

  // Nobody answered: what is shown belongs to other text.
  const forget = (event) => {
    if (event.target !== box) return;
    preview.replaceChildren();
    preview.removeAttribute("aria-busy");
    sentence.textContent = "";
  };
  document.addEventListener("htmx:sendError", forget);
  document.addEventListener("htmx:responseError", forget);

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== preview) return;
    preview.removeAttribute("aria-busy");
    silence.hidden = true;
    const isTicked = form.elements.knows_loss.checked || form.elements.loss_reason.value !== "";
    loss.hidden = !preview.querySelector("[data-costly]") && !isTicked && !loss.querySelector(".is-invalid");
  });
})();
