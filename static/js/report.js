// A report page: ticks for drafts, folds that stay as one left them, menus of facets, and text that becomes a keyword.
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

  // --- Folds: charts, and facets beside the table, stay open or closed from page to page. Facets above the table are
  // menus: one is open at most, and it stays open while one chooses in it.

  const narrow = window.matchMedia("(max-width: 1599.98px)");
  const isMenu = (fold) => narrow.matches && fold.classList.contains("facet");
  const facets = () => document.querySelectorAll("details.facet");
  let openMenu = ""; // the facet one chooses in

  function restoreFolds() {
    for (const fold of document.querySelectorAll("details[data-fold]")) {
      if (fold.dataset.isRestored) continue;
      fold.dataset.isRestored = "yes";
      if (isMenu(fold)) {
        fold.open = fold.dataset.fold === openMenu;
        continue;
      }
      const kept = sessionStorage.getItem(`fold-${fold.dataset.fold}`);
      if (kept) fold.open = kept === "open";
    }
    document.documentElement.dataset.folds = "restored";
  }

  // The panel of a menu far right opens to the left, or it would leave the window.
  const keepInside = (panel) => {
    panel.classList.remove("to-the-left");
    const isOutside = panel.getBoundingClientRect().right > document.documentElement.clientWidth;
    panel.classList.toggle("to-the-left", isOutside);
  };

  const keepFold = (event) => {
    const fold = event.target;
    if (!fold.dataset?.fold || !fold.dataset.isRestored) return;
    if (!isMenu(fold)) {
      sessionStorage.setItem(`fold-${fold.dataset.fold}`, fold.open ? "open" : "closed");
    } else if (fold.open) {
      openMenu = fold.dataset.fold;
      keepInside(fold.querySelector(".facet-panel"));
      for (const other of facets()) if (other !== fold) other.open = false;
    } else if (openMenu === fold.dataset.fold && fold.isConnected) {
      openMenu = "";
    }
  };

  const closeMenus = (except) => {
    if (!narrow.matches) return;
    for (const facet of facets()) if (!facet.contains(except)) facet.open = false;
  };
  document.addEventListener("click", (event) => event.target.isConnected && closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && narrow.matches && document.querySelector("details.facet[open]");
    if (!menu) return;
    closeMenus(null);
    menu.querySelector("summary").focus();
  });
  narrow.addEventListener("change", () => {
    for (const facet of facets()) facet.open = !narrow.matches;
  });
  document.addEventListener("toggle", keepFold, true); // "toggle" does not bubble

  // --- What is marked in a heading becomes the keyword, else the whole heading does ---------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-keyword-from]");
    if (!link) return;
    const marked = window.getSelection();
    const text = marked.toString().trim();
    if (!text || !link.closest("tr").querySelector(".heading-text")?.contains(marked.anchorNode)) return;
    const url = new URL(link.href);
    url.searchParams.set("text", text.slice(0, 200));
    link.href = url.href;
  });

  // ------------------------------------------------------------------------------------------------------

  function start() {
    restoreFolds();
    showTicks();
  }

  // Before the browser paints what came, so that menus do not flash.
  document.addEventListener("htmx:afterSwap", restoreFolds);
  document.addEventListener("htmx:afterSettle", (event) => {
    start();
    // The button that was pressed is gone; the one that opened its menu is not.
    if (event.detail.requestConfig?.elt?.matches(".columns-panel")) document.getElementById("columns-menu")?.focus();
  });
  // The back button restores ticks after the page was built.
  window.addEventListener("pageshow", showTicks);
  start();
})();
