// The dashboard's charts, in the console's colours; a bar leads to the calls that it counts. The table beside has the same.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const canvas = document.getElementById("calls-chart");
  if (!canvas) return;

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const WAYS = { inbound: "--voice-1", outbound: "--voice-2", internal: "--quiet" };

  // What both charts have in common; read anew whenever the theme changes.
  function look(chart) {
    const { x, y } = chart.options.scales;
    x.ticks.color = y.ticks.color = colour("--quiet");
    y.grid.color = colour("--edge");
    if (chart.options.plugins.legend) chart.options.plugins.legend.labels = { ...chart.options.plugins.legend.labels, color: colour("--quiet") };
    for (const dataset of chart.data.datasets) {
      const ink = colour(dataset.ink);
      dataset.backgroundColor = ink;
      dataset.borderColor = ink;
    }
  }

  function drawn(element, type, datasets, { stacked = false, most, legend = false, say }) {
    const chart = new Chart(element, {
      type,
      data: { labels: data.labels, datasets },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: type === "bar" ? "nearest" : "index", intersect: type === "bar" },
        scales: {
          x: { stacked, grid: { display: false }, border: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 12 } },
          y: { stacked, beginAtZero: true, max: most, border: { display: false }, grid: {}, ticks: { precision: 0, maxTicksLimit: 5 } },
        },
        plugins: {
          legend: legend && { position: "top", align: "end", labels: { boxWidth: 10, boxHeight: 10 } },
          tooltip: { callbacks: { title: ([item]) => data.names[item.dataIndex], label: say } },
        },
        onHover: (event, found) => event.native.target.classList.toggle("is-link", found.length > 0),
        onClick: (event, found) => {
          if (found.length) location.assign(datasets[found[0].datasetIndex].addresses[found[0].index]);
        },
      },
    });
    look(chart);
    chart.update();
    return chart;
  }

  const ways = data.ways.map((way) => ({
    label: way.label, data: way.calls, addresses: way.addresses, ink: WAYS[way.way], maxBarThickness: 44, borderRadius: 3,
  }));
  const rate = {
    label: "Answered", data: data.rates, addresses: data.rate_addresses, ink: "--voice-1", borderWidth: 2, pointRadius: 2, clip: 4,
    pointHitRadius: 12, spanGaps: true,
  };
  const charts = [
    drawn(canvas, "bar", ways, { stacked: true, legend: true, say: (item) => `${item.dataset.label}: ${item.formattedValue}` }),
    drawn(document.getElementById("rate-chart"), "line", [rate], { most: 100, say: (item) => `${item.formattedValue} % answered` }),
  ];
  document.addEventListener("themechange", () => {
    for (const chart of charts) {
      look(chart);
      chart.update();
    }
  });
})();
