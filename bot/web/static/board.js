// The board follows the store by server-sent events; without this script the page reloads itself.
"use strict";

const byId = (id) => document.getElementById(id);
const board = byId("board");
const filter = byId("filter");
const RETRY = 5000;
const MOST_NEWS = 3;
const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];
let revision = document.body.dataset.revision;

function relative(moment) {
  const seconds = Math.trunc((moment - Date.now()) / 1000);
  const length = Math.abs(seconds);
  if (length < 60) return seconds <= 0 ? "just now" : "in seconds";
  const [size, unit] = UNITS.find(([least]) => length >= least);
  const count = Math.floor(length / size);
  return seconds > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

function tellTime() {
  for (const time of board.querySelectorAll("time")) {
    time.querySelector(".ago").textContent = relative(Date.parse(time.dateTime));
  }
}

function sift() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const pipeline of board.querySelectorAll(".pipeline")) {
    const text = pipeline.textContent.toLowerCase();
    pipeline.hidden = !words.every((word) => text.includes(word));
  }
}

const news = () => new Map([...board.querySelectorAll("[data-news]")].map((each) => [each.id, each.dataset.news]));

function dress() {
  for (const input of board.querySelectorAll("input[name=token]")) input.value = document.body.dataset.token;
  byId("filter-label").hidden = !board.querySelector(".pipeline");
  tellTime();
  sift();
}

function show(html) {
  const before = news();
  const focused = board.contains(document.activeElement) ? document.activeElement.id : "";
  board.innerHTML = html;
  dress();
  if (focused) byId(focused)?.focus({ preventScroll: true });
  const changed = [...news()].filter(([id, text]) => before.get(id) !== text);
  for (const [id] of changed) byId(id).classList.add("changed");
  byId("news").textContent = changed.slice(0, MOST_NEWS).map(([, text]) => text).join(". ");
}

function link(text, isUp) {
  byId("link").textContent = text;
  byId("link").classList.toggle("up", isUp);
}

function follow() {
  const source = new EventSource(`events?since=${revision}`);
  source.addEventListener("open", () => link("Following changes", true));
  source.addEventListener("board", (event) => {
    revision = event.lastEventId;
    show(event.data);
  });
  source.addEventListener("trouble", (event) => {
    byId("trouble").textContent = event.data && `Not up to date: ${event.data}`;
    byId("trouble").hidden = !event.data;
  });
  source.addEventListener("error", () => {
    link("Reconnecting…", false);
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, RETRY);
  });
}

filter.addEventListener("input", sift);
setInterval(tellTime, 15000);
dress();
follow();
