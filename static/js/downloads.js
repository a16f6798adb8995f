// The menu for downloads: it closes when something was chosen, and what was chosen is offered first from now on.
"use strict";

(() => {
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest(".download-menu .menu-panel [data-download]");
    if (!chosen) return;
    chosen.closest("details").open = false;
    const first = chosen.closest(".download-menu").querySelector("a[data-download-first]");
    if (!first) return; // a workbook to be prepared keeps its button
    // The click goes on to the old address of the link, so they change places afterwards.
    setTimeout(() => {
      const label = first.querySelector("span");
      [label.textContent, chosen.textContent] = [chosen.textContent, label.textContent];
      [first.href, chosen.href] = [chosen.href, first.href];
      [first.dataset.download, chosen.dataset.download] = [chosen.dataset.download, first.dataset.download];
      first.focus();
    });
  });
})();
