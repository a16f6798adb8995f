// Choosing sales on a report page: tick all on the page, and say on the button how many are ticked.
"use strict";

(() => {
  const form = document.getElementById("choose");
  const button = form?.querySelector("[data-choose-button]");
  if (!button) return;
  const all = form.querySelector("[data-choose-all]");
  const boxes = [...form.querySelectorAll("input[name=sale]")];
  const label = button.querySelector("[data-choose-label]");
  const hint = form.querySelector("[data-choose-hint]");

  function show() {
    const count = boxes.filter((box) => box.checked).length;
    const { labelNone, labelSome } = button.dataset;
    label.textContent = count ? labelSome.replace("{n}", String(count)) : labelNone;
    hint.hidden = count > 0;
    // Without JavaScript it stays the page's main button; with it, only ticked sales make it that.
    button.classList.toggle("btn-primary", count > 0);
    button.classList.toggle("btn-secondary", count === 0);
    all.checked = count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked);
  }

  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  // The back button restores ticks after the page was built.
  window.addEventListener("pageshow", show);
  show();
})();
