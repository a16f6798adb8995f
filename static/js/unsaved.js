// A form with typed text asks before the page is left: <form data-warn-unsaved>. A form that the server
// refused (data-is-changed) holds unsaved text from the start.
"use strict";

(() => {
  for (const form of document.querySelectorAll("form[data-warn-unsaved]")) {
    let isChanged = "isChanged" in form.dataset;
    form.addEventListener("input", () => {
      isChanged = true;
    });
    form.addEventListener("submit", () => {
      isChanged = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (isChanged) event.preventDefault();
    });
  }
})();
