// The contents of the page, and what the user has chosen.

const contents = JSON.parse(document.getElementById("contents").textContent);
const byId = (id) => document.getElementById(id);

// An array that packing.py wrote: base64 of little-endian numbers.
function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.data), (letter) => letter.charCodeAt(0));
  return text.type === "f4" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
}

// Runs that share a column share its array, too.
const allColumns = contents.columns.map(unpacked);

function unpackColumns(places) {
  return Object.fromEntries(Object.entries(places).map(([name, place]) => [name, allColumns[place]]));
}

// Okabe and Ito's colours, which readers with any kind of colour vision can tell apart.
const FEW_COLOURS = [
  "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b59f00",
];
// For more runs than these: from dark to light, as far as both can be seen on dark and light paper.
const MANY_COLOURS = ["#8450b8", "#5a72cf", "#2a8f9e", "#22a073", "#5fae3c", "#b59f00"];

function mixed(first, second, share) {
  const part = (colour, k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  const numbers = [0, 1, 2].map((k) =>
    Math.round(part(first, k) + share * (part(second, k) - part(first, k))));
  return "#" + numbers.map((number) => number.toString(16).padStart(2, "0")).join("");
}

function colourOf(place, count) {
  if (count <= FEW_COLOURS.length) return FEW_COLOURS[place];
  const at = (place / (count - 1)) * (MANY_COLOURS.length - 1);
  const low = Math.min(Math.floor(at), MANY_COLOURS.length - 2);
  return mixed(MANY_COLOURS[low], MANY_COLOURS[low + 1], at - low);
}

const runs = contents.runs.map((run, place) => ({
  ...run,
  steps: unpackColumns(run.steps),
  evals: unpackColumns(run.evals),
  colour: colourOf(place, contents.runs.length),
}));

const state = {
  quantity: null, // an entry of contents.quantities
  axis: null, // epoch, step, gradients or seconds
  xScale: "linear",
  yScale: "log",
  group: "", // a key of the configs, or "" for single runs
  smoothing: 0, // the weight of the past in an exponential moving average
  hidden: new Set(), // ids of runs
  filter: "",
  sort: { column: null, descending: false },
};

function valueOf(run, key) {
  return run.settings[key] ?? "–";
}

// Whether a run has the word of the filter, or the value of a key, as in optimizer.lr=0.1.
function passes(run) {
  const text = state.filter.trim().toLowerCase();
  if (!text) return true;
  return text.split(/\s+/).every((word) => {
    const [key, value] = word.split("=");
    if (value !== undefined) {
      return Object.entries({ ...run.settings, status: run.status }).some(([path, own]) =>
        (path.toLowerCase() === key || path.toLowerCase().endsWith("." + key)) &&
        String(own).toLowerCase() === value);
    }
    const everything = [run.name, run.id, run.status, ...Object.values(run.settings)];
    return everything.some((each) => String(each).toLowerCase().includes(word));
  });
}

const shownRuns = () => runs.filter((run) => !state.hidden.has(run.id) && passes(run));

function short(number) {
  if (number === null || number === undefined) return "–";
  if (!Number.isFinite(number)) return String(number);
  if (Number.isInteger(number) && Math.abs(number) < 1e9) return number.toLocaleString("en");
  const rounded = Number(number.toPrecision(4));
  return Math.abs(rounded) >= 1e6 ? rounded.toExponential() : String(rounded);
}

// An element with text as its content; text is never read as HTML.
function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// What plotly shows is a small language with tags, so the signs of tags are written as entities.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const named = (name) => style.getPropertyValue(`--${name}`).trim();
  return { paper: named("paper"), ink: named("ink"), line: named("line"), faint: named("faint") };
}

function layout(more = {}) {
  const { paper, ink, line } = colours();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, exponentformat: "power" };
  const { xaxis, yaxis, ...rest } = more;
  return {
    paper_bgcolor: paper,
    plot_bgcolor: paper,
    font: { color: ink, family: "system-ui, sans-serif", size: 13 },
    margin: { l: 70, r: 20, t: 20, b: 50 },
    hovermode: "closest",
    xaxis: { ...axis, ...xaxis },
    yaxis: { ...axis, ...yaxis },
    ...rest,
  };
}

const CONFIG = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["lasso2d", "select2d"] };

// The ticks of a logarithmic axis for these values: about five round numbers if they are within a
// decade, 1, 2 and 5 of each decade if they are within three, or only decades.
function logTicks(values) {
  let low = Infinity;
  let high = 0;
  for (const value of values) {
    if (value > 0 && Number.isFinite(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(high < 1e3 * low)) return {};
  const tickvals = high < 10 * low ? evenTicks(low, high) : decadeTicks(low, high);
  return { tickmode: "array", tickvals, ticktext: tickvals.map(short) };
}

// Multiples of 1, 2 or 5 times a power of ten: the first below `low` to the first above `high`.
function evenTicks(low, high) {
  const least = (high - low || high) / 5;
  const unit = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((times) => times * unit).find((each) => each >= 0.999 * least);
  const ticks = [];
  for (let k = Math.floor(low / step); k <= Math.ceil(high / step); k += 1) {
    if (k > 0) ticks.push(Number((k * step).toPrecision(12)));
  }
  return ticks;
}

function decadeTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power += 1) {
    ticks.push(...[1, 2, 5].map((times) => Number((times * 10 ** power).toPrecision(12))));
  }
  return ticks;
}

const drawn = (id, traces, more) => Plotly.react(byId(id), traces, layout(more), CONFIG);
