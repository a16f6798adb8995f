// All fields that SuperOffice tells of a sale: a box that leaves only those in whose name or value stands what is typed.
// The fields come later than the page, so nothing is bound to them.
"use strict";

(() => {
  const offer = () => document.querySelectorAll("[data-field-filter]").forEach((box) => { box.hidden = false; });
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer);

  // SuperOffice may take its time: say at once that it is asked, and, when nothing came at all, that too.
  const asked = (event) => event.target.closest?.("[data-raw-ask]")?.closest(".raw-ask");

  function ask(event, isAsked) {
    const place = asked(event);
    if (!place) return;
    const status = place.querySelector("[role=status]");
    status.textContent = isAsked ? status.dataset.fetching : "";
    place.querySelector("[data-raw-ask]").classList.toggle("disabled", isAsked);
    if (isAsked) place.querySelector("[data-unfetched]").hidden = true;
  }
  document.addEventListener("htmx:beforeRequest", (event) => ask(event, true));
  document.addEventListener("htmx:afterRequest", (event) => ask(event, false));
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const place = asked(event);
      if (place) place.querySelector("[data-unfetched]").hidden = false;
    });
  }

  let wasOpen = null; // the fold with all other fields, before something was looked for

  document.addEventListener("input", (event) => {
    if (event.target.id !== "field-filter") return;
    const part = event.target.value.trim().toLowerCase();
    const place = event.target.closest(".raw-entity");
    for (const row of place.querySelectorAll("tbody tr")) {
      row.hidden = ![...row.cells].some((cell) => cell.textContent.toLowerCase().includes(part));
    }
    const own = place.querySelector("[data-own-fields]");
    const rest = place.querySelector("details");
    const found = (side) => side.querySelectorAll("tbody tr:not([hidden])").length;
    own.hidden = part !== "" && !found(own);
    rest.hidden = part !== "" && !found(rest);
    if (part) {
      wasOpen ??= rest.open;
      rest.open = true;
    } else if (wasOpen !== null) {
      rest.open = wasOpen;
      wasOpen = null;
    }
    say(place.querySelector("[role=status]"), part ? found(place) : null);
  });

  function say(status, count) {
    if (count === null) status.textContent = "";
    else status.textContent = count ? `${status.dataset.count} ${count}` : status.dataset.none;
  }
})();
