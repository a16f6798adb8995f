// What every page needs beyond HTML: menus that close, tables that fit, and polling that notices when it is no longer
// answered.
"use strict";

(() => {
  const menus = () => document.querySelectorAll("details.menu[open]");

  // A menu is a <details>: it opens without JavaScript. Here it closes like a menu does.
  document.addEventListener("click", (event) => {
    for (const menu of menus()) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // The bar with the decision leaves its place at the bottom of the screen when its form opens: follow it there.
  const showOpened = (event) => {
    if (event.target.matches(".reject[open]")) event.target.closest(".decision").scrollIntoView({ block: "end" });
  };
  document.addEventListener("toggle", showOpened, true); // "toggle" does not bubble

  // A table that is too wide scrolls in its frame; one that fits must not stand in a frame that scrolls, or its head would
  // stick to that instead of to the screen.
  function fitTables() {
    for (const frame of document.querySelectorAll(".table-frame")) {
      frame.classList.remove("is-too-wide");
      frame.classList.toggle("is-too-wide", frame.scrollWidth > frame.clientWidth);
    }
  }
  fitTables();
  window.addEventListener("load", fitTables); // fonts and sizes are known only now
  window.addEventListener("resize", fitTables);
  document.addEventListener("htmx:afterSettle", fitTables);

  // The sum of a form's errors is read first, and its links lead to the fields.
  document.querySelector("[data-error-summary]")?.focus();

  // After the session ended, a poll is answered by the sign-in page: show that instead of nesting it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname.startsWith("/login/")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });

  // A part that polls says so when nobody answers; the next answer replaces it, and the sentence with it.
  function markUnanswered(event) {
    const silence = event.target.querySelector?.("[data-unanswered]");
    if (silence) silence.hidden = false;
  }
  document.addEventListener("htmx:sendError", markUnanswered);
  document.addEventListener("htmx:responseError", markUnanswered);
})();
