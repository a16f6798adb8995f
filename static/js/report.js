// A report page: ticks for drafts, folds that stay as one left them, and text that becomes a keyword.
"use strict";

(() => {
  // --- Choosing sales: tick all on the page, and say on the button how many are ticked -----------------

  const boxesOf = (form) => [...form.querySelectorAll("input[name=sale]")];

  function showTicks() {
    const form = document.getElementById("choose");
    const button = form?.querySelector("[data-choose-button]");
    if (!button) return;
    const all = form.querySelector("[data-choose-all]");
    const boxes = boxesOf(form);
    const count = boxes.filter((box) => box.checked).length;
    const { labelNone, labelSome } = button.dataset;
    const label = count ? labelSome.replace("{n}", String(count)) : labelNone;
    button.querySelector("[data-choose-label]").textContent = label;
    form.querySelector("[data-choose-hint]").hidden = count > 0;
    // Without JavaScript it stays the page's main button; with it, only ticked sales make it that.
    button.classList.toggle("btn-primary", count > 0);
    button.classList.toggle("btn-secondary", count === 0);
    all.hidden = false;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    for (const box of boxes) box.closest("tr").classList.toggle("is-selected", box.checked);
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("#choose");
    if (!form) return;
    if (event.target.matches("[data-choose-all]")) {
      for (const box of boxesOf(form)) box.checked = event.target.checked;
    }
    showTicks();
  });

  // --- Folds: charts and facets stay open or closed from page to page -----------------------------------

  const isUnder = (width) => window.matchMedia(`(max-width: ${width - 0.02}px)`).matches;

  function restoreFolds() {
    for (const fold of document.querySelectorAll("details[data-fold]")) {
      if (fold.dataset.isRestored) continue;
      fold.dataset.isRestored = "yes";
      const kept = sessionStorage.getItem(`fold-${fold.dataset.fold}`);
      // Where facets and charts stand above the table, the table would be many screens away.
      if (kept) fold.open = kept === "open";
      else if (isUnder(fold.classList.contains("facet") ? 1400 : 992)) fold.open = false;
    }
  }

  const keepFold = (event) => {
    const { fold, isRestored } = event.target.dataset ?? {};
    if (fold && isRestored) sessionStorage.setItem(`fold-${fold}`, event.target.open ? "open" : "closed");
  };
  document.addEventListener("toggle", keepFold, true); // "toggle" does not bubble

  // --- What is marked in a heading becomes the keyword, else the whole heading does ---------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-keyword-from]");
    if (!link) return;
    const marked = window.getSelection();
    const text = marked.toString().trim();
    if (!text || !link.closest("td").contains(marked.anchorNode)) return;
    const url = new URL(link.href);
    url.searchParams.set("text", text.slice(0, 200));
    link.href = url.href;
  });

  // ------------------------------------------------------------------------------------------------------

  function start() {
    restoreFolds();
    showTicks();
  }

  document.addEventListener("htmx:afterSettle", start);
  // The back button restores ticks after the page was built.
  window.addEventListener("pageshow", showTicks);
  start();
})();
