// The drawings of a result. Their numbers are in tables on the page; without this script the tables are shown.
"use strict";

(() => {
  if (typeof Chart === "undefined") return;
  const drawn = new Map(); // section -> chart
  const language = document.documentElement.lang;
  const numbers = new Intl.NumberFormat(language);

  // Colours come from CSS, which keeps them right in light and dark.
  function paint(section, chart) {
    const page = getComputedStyle(document.body);
    const canvas = getComputedStyle(chart.canvas);
    const keys = [...section.querySelectorAll("[data-colour]")].map((key) => getComputedStyle(key).color);
    chart.data.datasets.forEach((set, place) => {
      set.backgroundColor = set.borderColor = keys[place];
    });
    for (const scale of Object.values(chart.options.scales)) {
      scale.ticks.color = canvas.color;
      scale.ticks.font = { family: page.fontFamily, size: 12 };
      scale.grid.color = canvas.borderTopColor;
      scale.border = { color: canvas.borderTopColor };
    }
    chart.update();
  }

  // A long name goes on below: names are never cut.
  function lines(label, most) {
    const told = [""];
    for (const word of label.split(" ")) {
      const longer = `${told.at(-1)} ${word}`.trim();
      if (longer.length > most && told.at(-1)) told.push(word);
      else told[told.length - 1] = longer;
    }
    return told;
  }

  function scales(kind) {
    const values = { beginAtZero: true, grid: {}, ticks: { precision: 0, maxTicksLimit: 6 } };
    const labels = { grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 12 } };
    if (kind !== "bars") return { x: labels, y: values };
    labels.ticks = {
      autoSkip: false,
      callback(place) {
        const room = Math.floor((this.chart.width * 0.45) / 6.5); // letters of 6.5 px; half the width is the most
        return lines(this.getLabelForValue(place), room);
      },
    };
    return { x: values, y: labels };
  }

  function draw(section) {
    const data = JSON.parse(document.getElementById(`chart-${section.dataset.chart}-data`).textContent);
    const canvas = section.querySelector("canvas");
    const leads = data.urls.some((url) => url);
    const chart = new Chart(canvas, {
      type: data.kind === "lines" ? "line" : "bar",
      data: {
        labels: data.labels,
        datasets: data.series.map((one) => ({ label: one.label, data: one.values, maxBarThickness: 28 })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        indexAxis: data.kind === "bars" ? "y" : "x",
        locale: language,
        interaction: { mode: "index", axis: data.kind === "bars" ? "y" : "x", intersect: false },
        plugins: {
          legend: { display: false },
          colors: { enabled: false },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${numbers.format(item.raw)}` } },
        },
        scales: scales(data.kind),
        onClick: (_event, items) => items.length && follow(section, items[0].index, data.urls[items[0].index]),
        onHover: (_event, items) => canvas.classList.toggle("leads-on", leads && items.length > 0),
      },
    });
    drawn.set(section, chart);
    paint(section, chart);
    tableOf(section);
  }

  // The link in the table does what a click on the drawing does, with or without htmx.
  function follow(section, place, url) {
    if (!url) return;
    const link = section.querySelectorAll("tbody tr")[place]?.querySelector("a");
    if (link) link.click();
    else window.location.assign(url);
  }

  // Hidden from the eye, the table is still read aloud; its links must not catch the Tab key there.
  function tableOf(section) {
    const button = section.querySelector("[data-as-table]");
    const table = section.querySelector(".chart-table");
    const show = (isShown) => {
      table.classList.toggle("is-shown", isShown);
      button.setAttribute("aria-expanded", String(isShown));
      for (const link of table.querySelectorAll("a")) link.tabIndex = isShown ? 0 : -1;
    };
    button.hidden = false;
    button.addEventListener("click", () => show(!table.classList.contains("is-shown")));
    show(false);
  }

  function drawAll() {
    for (const [section, chart] of drawn) {
      if (section.isConnected) continue;
      chart.destroy();
      drawn.delete(section);
    }
    for (const section of document.querySelectorAll("[data-chart]")) if (!drawn.has(section)) draw(section);
  }

  drawAll();
  document.addEventListener("htmx:afterSettle", drawAll);
  const repaint = () => drawn.forEach((chart, section) => paint(section, chart));
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
