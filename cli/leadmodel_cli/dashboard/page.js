// Draws what /stream tells. Every text becomes a text node: nothing of a cluster is ever read as HTML.
"use strict";

const SYMBOLS = { good: "✔", warning: "⚠", bad: "✖", waiting: "◌", paused: "‖" };
const WORDS = { good: "good", warning: "look at it", bad: "bad", waiting: "in progress", paused: "paused" };
const SVG = "http://www.w3.org/2000/svg";
let stream = null;

function add(parent, tag, attributes = {}, ...children) {
  const svg = parent instanceof SVGElement || tag === "svg";
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  for (const child of children) node.append(document.createTextNode(child));
  parent.append(node);
  return node;
}
const number = (value, digits = 4) => (typeof value === "number" ? value.toFixed(digits) : "–");

function mood(parent, word, text) {
  const known = SYMBOLS[word] ? word : "waiting";
  const pill = add(parent, "span", { class: `pill ${known}` });
  add(pill, "span", { "aria-hidden": "true" }, SYMBOLS[known] + " ");
  pill.append(document.createTextNode(text || WORDS[known]));
}
function table(parent, caption, columns, rows, draw) {
  const scroll = add(parent, "div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption });
  const body = add(scroll, "table");
  const head = add(add(body, "thead"), "tr");
  for (const [text, kind] of columns) add(head, "th", { scope: "col", class: kind || "" }, text);
  const lines = add(body, "tbody");
  for (const row of rows) draw(add(lines, "tr"), row);
}
function card(parent, title, size = "half") {
  const id = "h-" + title.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  const section = add(parent, "section", { class: `card ${size}`, "aria-labelledby": id });
  add(section, "h2", { id }, title);
  return section;
}

function drawFleet(main, rows) {
  document.title = "LeadModels";
  add(main, "h1", {}, "LeadModels");
  const troubled = rows.filter((row) => row.mood === "bad" || row.mood === "warning").length;
  const verdict = troubled ? `${troubled} of ${rows.length} need a look.` : `${rows.length} LeadModels, nothing needs a look.`;
  add(main, "p", { class: "lead" }, rows.length ? verdict : "There is no LeadModel that you may see.");
  if (!rows.length) return;
  const box = add(add(main, "div", { class: "grid" }), "section", { class: "card whole", "aria-label": "All LeadModels" });
  const columns = [["Name"], ["State"], ["Champion"], ["AUC", "number"], ["Largest PSI", "number"], ["Age", "number"], ["What it says"]];
  table(box, "All LeadModels", columns, rows, (line, row) => {
    const name = add(line, "td");
    const target = `#/${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}`;
    add(name, "a", { href: target }, `${row.namespace}/${row.name}`);
    mood(add(line, "td"), row.mood, row.phase);
    add(add(line, "td"), "code", {}, row.champion);
    add(line, "td", { class: "number" }, number(row.auc));
    const psi = add(line, "td", { class: "number" });
    add(psi, "span", { class: row.psi > row.limit ? "bad" : "" }, number(row.psi, 2));
    add(line, "td", { class: "number" }, row.age);
    add(line, "td", { class: "words" }, row.headline);
  });
}

function drawModel(main, model) {
  document.title = `${model.name} – LeadModel`;
  add(add(main, "p"), "a", { href: "#/" }, "← all LeadModels");
  const title = add(main, "h1", {}, model.name);
  add(title, "small", {}, model.namespace);
  mood(add(main, "p"), model.mood, model.phase);
  add(main, "p", { class: "lead" }, model.headline);
  if (model.advice.length) {
    const box = add(main, "section", { class: `card advice ${model.mood === "bad" ? "bad-edge" : ""}`, "aria-labelledby": "h-do" });
    add(box, "h2", { id: "h-do" }, "What to do");
    const list = add(box, "ul");
    for (const line of model.advice) withCode(add(list, "li"), line);
  }
  const grid = add(main, "div", { class: "grid" });
  drawGate(grid, model);
  drawScores(grid, model.scores);
  drawDrift(grid, model.drift);
  drawDecisions(grid, model);
  drawPods(grid, model);
  drawPairs(grid, "Model card", model.card, "No predictor answered with the card of its model.");
  if (model.texts.length) drawPairs(grid, "Texts of leads", model.texts);
  drawConditions(grid, model);
}
function withCode(parent, line) {
  line.split("`").forEach((part, i) => (i % 2 ? add(parent, "code", {}, part) : parent.append(document.createTextNode(part))));
}

function drawGate(grid, model) {
  const box = card(grid, "The gate");
  const gate = model.gate;
  if (!gate) return void add(box, "p", { class: "soft" }, "No model has been measured yet.");
  const words = { Pass: "good", Fail: "bad", Insufficient: "warning", Unavailable: "waiting" };
  const line = add(box, "p");
  add(line, "span", { class: "big" }, number(gate.auc));
  line.append(document.createTextNode(" AUC  "));
  mood(line, words[gate.verdict], `${gate.verdict} (${gate.reason})`);
  if (typeof gate.auc === "number") drawInterval(box, gate);
  const delta = typeof gate.delta === "number" ? `, ${gate.delta >= 0 ? "+" : ""}${number(gate.delta)} against the champion on the same leads` : "";
  add(box, "p", { class: "note" }, `Model ${gate.digest}, on ${gate.positives} converted and ${gate.negatives} other leads; ` +
    `at least ${number(gate.minAuc, 2)} is asked${delta}.`);
}
function drawInterval(box, gate) {
  const low = Math.min(0.5, gate.minAuc, gate.lower ?? 1) - 0.02, x = (value) => ((value - low) / (1 - low)) * 500;
  const text = `AUC ${number(gate.auc)}; with 95 percent confidence above ${number(gate.lower)}; at least ${number(gate.minAuc, 2)} asked`;
  const svg = add(box, "svg", { viewBox: "0 0 500 58", role: "img", "aria-label": text });
  add(svg, "line", { class: "axis", x1: 0, x2: 500, y1: 26, y2: 26 });
  if (typeof gate.lower === "number") add(svg, "line", { class: "range", x1: x(gate.lower), x2: x(gate.auc), y1: 26, y2: 26 });
  add(svg, "circle", { class: "dot", cx: x(gate.auc), cy: 26, r: 7 });
  add(svg, "line", { class: "limit", x1: x(gate.minAuc), x2: x(gate.minAuc), y1: 8, y2: 42 });
  add(svg, "text", { x: x(gate.minAuc), y: 56, "text-anchor": "middle" }, `minAuc ${number(gate.minAuc, 2)}`);
  add(svg, "text", { x: 500, y: 56, "text-anchor": "end" }, "1.0");
}

function drawScores(grid, scores) {
  const box = card(grid, "Scores of live leads");
  if (!scores) return void add(box, "p", { class: "soft" }, "No scores were read yet.");
  const legend = add(box, "ul", { class: "legend" });
  add(legend, "li", { class: "k-champion" }, "leads that came");
  add(legend, "li", { class: "k-expected" }, "as in the reference");
  const bins = scores.observed.length, width = 500 / bins, top = Math.max(...scores.observed, ...scores.expected);
  const largest = scores.observed.reduce((most, share, i) => Math.abs(share - scores.expected[i]) > Math.abs(scores.observed[most] - scores.expected[most]) ? i : most, 0);
  const text = `${scores.leads} leads in ${bins} bins of the score, low to high. Largest difference in bin ${largest + 1}: ` +
    `${number(100 * scores.observed[largest], 1)} percent came, ${number(100 * scores.expected[largest], 1)} percent expected`;
  const svg = add(box, "svg", { viewBox: "0 0 500 150", role: "img", "aria-label": text });
  for (let i = 0; i < bins; i += 1) {
    const height = (share) => (share / top) * 120;
    const came = height(scores.observed[i]), expected = height(scores.expected[i]);
    add(svg, "rect", { class: "fill-champion", x: i * width + 3, y: 125 - came, width: width - 6, height: came, rx: 2 });
    add(svg, "rect", { class: "fill-expected", x: i * width + 3, y: 125 - expected, width: width - 6, height: expected });
  }
  add(svg, "line", { class: "axis", x1: 0, x2: 500, y1: 125.5, y2: 125.5 });
  add(svg, "text", { x: 0, y: 145 }, "low scores");
  add(svg, "text", { x: 500, y: 145, "text-anchor": "end" }, "high scores");
  add(box, "p", { class: "note" }, text + ".");
}

function drawDrift(grid, drift) {
  const box = card(grid, "How far live leads moved (PSI)", "whole");
  const words = { Pass: "good", Fail: "bad" };
  const line = add(box, "p");
  mood(line, words[drift.evidence] || "waiting", drift.evidence);
  line.append(document.createTextNode(` ${drift.samples} leads. ${drift.verdict}`));
  if (drift.note) add(box, "p", { class: "note" }, drift.note);
  if (!drift.features.length) return void add(box, "p", { class: "soft" }, "Too few leads to compare features yet.");
  const legend = add(box, "ul", { class: "legend" });
  add(legend, "li", { class: "k-champion" }, "champion");
  if (drift.features.some((feature) => feature.previous !== null)) add(legend, "li", { class: "k-previous" }, "previous model, on the same leads");
  add(legend, "li", { class: "k-limit" }, `limit ${number(drift.limit, 2)}`);
  const top = Math.max(drift.limit * 1.3, ...drift.features.flatMap((f) => [f.champion ?? 0, f.previous ?? 0]));
  const columns = [["Feature"], ["Champion", "number"], ["Previous", "number"], ["", "bars"]];
  table(box, "PSI per feature", columns, drift.features, (row, feature) => {
    add(row, "td", {}, feature.name);
    const value = add(row, "td", { class: "number" });
    add(value, "span", { class: feature.champion > drift.limit ? "bad" : "" }, number(feature.champion, 3));
    add(row, "td", { class: "number" }, number(feature.previous, 3));
    const svg = add(add(row, "td", { class: "bars", "aria-hidden": "true" }), "svg", { viewBox: "0 0 500 22", preserveAspectRatio: "none" });
    const x = (psi) => Math.min(1, (psi ?? 0) / top) * 500;
    add(svg, "rect", { class: "fill-champion", x: 0, y: 2, width: x(feature.champion), height: 8 });
    add(svg, "rect", { class: "fill-previous", x: 0, y: 12, width: x(feature.previous), height: 8 });
    add(svg, "line", { class: "limit", x1: x(drift.limit), x2: x(drift.limit), y1: 0, y2: 22 });
  });
  if (drift.left) add(box, "p", { class: "note" }, `${drift.left} more features moved less.`);
}

function drawDecisions(grid, model) {
  const box = card(grid, "Decisions");
  if (!model.decisions.length) add(box, "p", { class: "soft" }, "No decision yet.");
  const list = add(box, "ol", { class: "story" });
  for (const decision of model.decisions) {
    const item = add(list, "li", { class: decision.reason === "Promoted" ? "good-dot" : "bad-dot" });
    add(item, "time", { datetime: decision.at.replace(" ", "T") + "Z" }, decision.at + " UTC");
    const line = add(item, "p");
    add(line, "strong", {}, decision.reason + " ");
    add(line, "code", {}, decision.digest);
    add(item, "p", { class: "soft" }, decision.message);
  }
  for (const entry of model.quarantine) {
    const line = add(box, "p", { class: "note" });
    mood(line, "bad", `quarantined ${entry.digest} (${entry.kind}): `);
    line.append(document.createTextNode(entry.evidence));
  }
}
function drawPods(grid, model) {
  const box = card(grid, "Models, pods, Jobs");
  table(box, "Models", [["Role"], ["Model"], ["AUC", "number"], ["For", "number"]], model.models, (row, item) => {
    add(row, "td", {}, item.role);
    add(add(row, "td"), "code", {}, item.digest);
    add(row, "td", { class: "number" }, number(item.auc));
    add(row, "td", { class: "number" }, item.since);
  });
  const parts = [...model.pods, ...model.jobs.map((job) => ({ ...job, place: "Job", model: "" }))];
  table(box, "Pods and Jobs", [["Name"], ["State"], ["Where"]], parts, (row, part) => {
    add(row, "td", {}, part.name);
    mood(add(row, "td"), part.mood, part.state);
    add(row, "td", { class: "soft" }, part.restarts ? `${part.place}, ${part.restarts} restarts` : part.place);
  });
}
function drawPairs(grid, title, pairs, none) {
  const box = card(grid, title);
  if (!pairs.length) add(box, "p", { class: "soft" }, none);
  const list = add(box, "dl");
  for (const [name, text] of pairs) {
    add(list, "dt", {}, name);
    add(list, "dd", {}, text);
  }
}
function drawConditions(grid, model) {
  const box = card(grid, "Conditions");
  table(box, "Conditions", [["Type"], ["Status"], ["Reason"], ["For", "number"]], model.conditions, (row, item) => {
    add(row, "td", {}, item.type);
    add(row, "td", {}, item.status);
    const reason = add(row, "td", {}, item.reason);
    if (item.message) add(reason, "p", { class: "note" }, item.message);
    add(row, "td", { class: "number" }, item.since);
  });
}

function show(data) {
  const main = document.getElementById("main"), y = window.scrollY;
  const focused = document.activeElement?.getAttribute("href");
  main.replaceChildren();
  if (data.error) {
    add(main, "h1", {}, "Nothing can be read");
    add(main, "p", { class: "lead", role: "alert" }, data.error);
  } else if (data.model) drawModel(main, data.model);
  else drawFleet(main, data.fleet);
  main.setAttribute("aria-busy", "false");
  window.scrollTo(0, y);
  if (focused) [...main.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}
function open() {
  if (stream) stream.close();
  const [namespace, name] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  const query = name ? `?${new URLSearchParams({ namespace, name })}` : "";
  const live = document.getElementById("live");
  stream = new EventSource(`/stream${query}`);
  stream.onmessage = (event) => {
    live.textContent = "live";
    show(JSON.parse(event.data));
  };
  const ended = "ended: the address is of an earlier start; open the one that the command printed last";
  stream.onerror = ({ target }) => { live.textContent = target.readyState === EventSource.CLOSED ? ended : "not connected; trying again"; };
}
addEventListener("hashchange", () => { window.scrollTo(0, 0); open(); document.getElementById("main").focus(); });
open();
