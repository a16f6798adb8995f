// A key for each answer about a heading: the page says which, by the language. They press the buttons, which work without them.
"use strict";

(() => {
  let isPressed = false; // a key that is held down answers once
  document.addEventListener("keydown", (event) => {
    if (isPressed || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const button = document.querySelector(`#label [data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    isPressed = true;
    button.click();
  });
  // Back from the next page out of the browser's memory: the keys work again.
  window.addEventListener("pageshow", () => {
    isPressed = false;
  });
})();
