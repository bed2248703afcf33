// The walks of runs on a surface, with a slider for the step; and theory beside observation.

const walks = { step: 0, last: 0, timer: null };

function walkers() {
  const surface = contents.surfaces[0];
  return runs.filter((run) => surface.runs.includes(run.id));
}

// The name of a run, and how many steps its points are apart if the path has not every step.
function walkName(run) {
  const steps = run.steps.step;
  const apart = steps.reduce((most, step, k) => Math.max(most, step - (k ? steps[k - 1] : 0)), 1);
  return plain(run.name) + (apart > 1 ? `, points up to ${short(apart)} steps apart` : "");
}

function walkTrace(run, start) {
  const steps = run.steps.step;
  let count = 0;
  while (count < steps.length && steps[count] <= walks.step) count++;
  const x = [start[0], ...run.steps.x.slice(0, count)];
  const y = [start[1], ...run.steps.y.slice(0, count)];
  return {
    x, y, name: walkName(run), mode: "lines+markers",
    line: { color: run.colour, width: 2 },
    marker: { size: x.map((_, k) => (k === x.length - 1 ? 11 : 4)), color: run.colour, line: { width: 0 } },
    hovertemplate: `${plain(run.name)}<br>(%{x:.4g}, %{y:.4g})<extra></extra>`,
  };
}

// Contours at equal ratios of the height above the lowest point: valleys stay visible.
function contourTrace(surface) {
  const xs = unpacked(surface.xs);
  const ys = unpacked(surface.ys);
  const values = unpacked(surface.values);
  const lowest = values.reduce((a, b) => Math.min(a, b), Infinity);
  const rows = Array.from(ys, (_, row) =>
    Array.from(xs, (_, column) => Math.log10(values[row * xs.length + column] - lowest + 1e-3)));
  return {
    type: "contour", x: xs, y: ys, z: rows, colorscale: [[0, colours().faint], [1, colours().faint]],
    opacity: 0.6, ncontours: 24, contours: { coloring: "lines" }, showscale: false, hoverinfo: "skip",
  };
}

function drawWalks() {
  if (!contents.surfaces.length) return;
  const surface = contents.surfaces[0];
  const own = walkers();
  byId("walks").hidden = false;
  showStep();
  const xs = unpacked(surface.xs);
  const ys = unpacked(surface.ys);
  const minima = {
    x: surface.minima.map((place) => place[0]), y: surface.minima.map((place) => place[1]),
    mode: "markers", name: "minimum",
    marker: { symbol: "star-open", size: 17, color: colours().ink, line: { width: 2 } },
    hovertemplate: "minimum (%{x:.4g}, %{y:.4g})<extra></extra>",
  };
  const starts = {
    x: surface.starts.map((place) => place[0]), y: surface.starts.map((place) => place[1]),
    mode: "markers", name: "start", hoverinfo: "skip",
    marker: { symbol: "circle", size: 10, color: colours().paper, line: { width: 2, color: colours().ink } },
  };
  drawn("walk-drawing", [
    contourTrace(surface), ...own.map((run, k) => walkTrace(run, surface.starts[k])), starts, minima,
  ], {
    xaxis: { title: { text: "x" }, range: [xs[0], xs[xs.length - 1]], constrain: "domain" },
    yaxis: {
      title: { text: "y" }, range: [ys[0], ys[ys.length - 1]],
      ...(surface.equal_scales ? { scaleanchor: "x", constrain: "domain" } : {}),
    },
    legend: { orientation: "h", y: -0.16 },
    uirevision: "walks",
  });
}

function showStep() {
  byId("scrub").max = walks.last;
  byId("scrub").value = walks.step;
  byId("walk-step").textContent = `step ${short(walks.step)} of ${short(walks.last)}`;
}

// Only the walks change with the step; the contours would take much longer to draw.
function goTo(step) {
  walks.step = Math.max(0, Math.min(walks.last, step));
  showStep();
  const traces = walkers().map((run, k) => walkTrace(run, contents.surfaces[0].starts[k]));
  const of = (get) => traces.map(get);
  Plotly.restyle("walk-drawing", {
    x: of((trace) => trace.x), y: of((trace) => trace.y), "marker.size": of((trace) => trace.marker.size),
  }, traces.map((_, k) => 1 + k));
}

// A walk takes about ten seconds to play, however many steps it has.
const FRAMES = 200;

function play() {
  if (walks.timer) {
    clearInterval(walks.timer);
    walks.timer = null;
    byId("play").textContent = "play";
    return;
  }
  if (walks.step >= walks.last) walks.step = 0;
  byId("play").textContent = "pause";
  const stride = Math.max(1, Math.round(walks.last / FRAMES));
  walks.timer = setInterval(() => {
    goTo(walks.step + stride);
    if (walks.step >= walks.last) play();
  }, 50);
}

function prepareWalks() {
  if (!contents.surfaces.length) return;
  byId("play").addEventListener("click", play);
  byId("back").addEventListener("click", () => goTo(walks.step - 1));
  byId("forward").addEventListener("click", () => goTo(walks.step + 1));
  byId("scrub").addEventListener("input", (event) => goTo(Number(event.target.value)));
  const ends = walkers().map((run) => run.steps.step[run.steps.step.length - 1]);
  walks.last = Math.max(...ends);
  walks.step = walks.last;
}

function drawTheory() {
  if (!contents.theory.length) return;
  byId("theory").hidden = false;
  const place = byId("theory-drawings");
  contents.theory.forEach((check, k) => {
    const id = `theory-${k}`;
    if (!byId(id)) place.append(element("div", "", { class: "drawing", id }));
    drawn(id, [
      {
        x: unpacked(check.steps), y: unpacked(check.observed), name: `${plain(check.name)}: f − f*`,
        mode: "lines", line: { color: "#0072b2", width: 2 },
      },
      ...check.bounds.map((bound, n) => ({
        x: unpacked(bound.steps), y: unpacked(bound.allowed), mode: "lines",
        name: `${plain(bound.name)} bound ${bound.held ? "(held)" : "(BROKEN)"}`,
        line: { color: FEW_COLOURS[1 + n], dash: "dash", width: 1.5 },
      })),
    ], {
      xaxis: { title: { text: "step" }, type: "log" }, yaxis: { title: { text: "f − f*" }, type: "log" },
      legend: { orientation: "h", y: -0.25 },
    });
  });
}
