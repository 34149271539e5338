'use strict';
/*
 * The timeline. Of every day only its number of files is known; where a row stands follows from
 * that alone, and only what is in view is in the document:
 *
 *     days ──▶ the top of each day (sums) ──▶ the rows in view ──▶ their items, a page at a time
 *
 * A browser has no room for the height of a million pictures. Beyond MOST_PX the sheet is
 * shorter than what it stands for: what is drawn is shifted by `shift`, which stays while one
 * scrolls a little and is chosen anew where one jumps.
 */
const PAGE = 60;          // items of one request
const PAGES_KEPT = 120;
const HEAD = 44;          // of a day, in pixels
const GAP = 4;
const MOST_PX = 8e6;

const $ = (id) => document.getElementById(id);
const make = (name, text, kind) => {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (kind) e.className = kind;
  return e;
};

const timeline = {
  days: [], counts: [], first: [], tops: [], // of each day; `first`: how many stand before it
  total: 0, height: 0, shift: 0, seen: 0,
  cell: 0, columns: 0, width: 0, side: 0,
  query: '', filters: '', pages: new Map(), drawn: new Map(), chosen: -1, drawing: false, asked: 0,
};

async function ask(path, signal) {
  const r = await fetch(path, {credentials: 'omit', signal});
  if (!r.ok) throw new Error((await r.text()).trim() || r.statusText);
  return r.json();
}

function say(text, wrong) {
  $('says').textContent = text;
  $('says').classList.toggle('wrong', !!wrong);
}

const number = (n) => n.toLocaleString('en');

function dayName(day) {
  const y = Math.floor(day / 10000), m = Math.floor(day / 100) % 100, d = day % 100;
  if (!day) return 'Without a date';
  if (!m) return String(y);
  const when = new Date(Date.UTC(y, m - 1, d || 1));
  return when.toLocaleDateString('en', {timeZone: 'UTC', year: 'numeric', month: 'long',
    ...(d ? {day: 'numeric', weekday: 'long'} : {})});
}

/* ---- where things stand ---- */

function measure() {
  const t = timeline, box = $('timeline');
  t.width = box.clientWidth;
  t.side = t.width < 600 ? 10 : 16;
  const wish = t.width < 600 ? 104 : 156, room = t.width - 2 * t.side;
  t.columns = Math.max(1, Math.floor((room + GAP) / (wish + GAP)));
  t.cell = (room - (t.columns - 1) * GAP) / t.columns;
  let top = 0, first = 0;
  t.tops = new Float64Array(t.days.length + 1);
  t.first = new Float64Array(t.days.length + 1);
  for (let i = 0; i < t.days.length; i++) {
    t.tops[i] = top;
    t.first[i] = first;
    top += HEAD + Math.ceil(t.counts[i] / t.columns) * (t.cell + GAP) + 8;
    first += t.counts[i];
  }
  t.tops[t.days.length] = t.height = top + 24;
  t.first[t.days.length] = t.total = first;
  $('sheet').style.height = Math.min(t.height, MOST_PX) + 'px';
}

// The last of `sums` that is not above `value`.
function lastAtMost(sums, value) {
  let low = 0, high = sums.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sums[middle] <= value) low = middle; else high = middle - 1;
  }
  return low;
}

const dayOf = (index) => Math.min(lastAtMost(timeline.first, index), timeline.days.length - 1);

function topOf(index) {
  const t = timeline, day = dayOf(index);
  return t.tops[day] + HEAD + Math.floor((index - t.first[day]) / t.columns) * (t.cell + GAP);
}

// How far down the sheet is, of all that it stands for.
const position = () => $('timeline').scrollTop + timeline.shift;

function scrollTo(top) {
  const t = timeline, box = $('timeline'), view = box.clientHeight;
  top = Math.max(0, Math.min(top, t.height - view));
  const short = Math.min(t.height, MOST_PX) - view, whole = t.height - view;
  const at = whole > 0 ? Math.round(top * short / whole) : 0;
  t.shift = Math.round(top - at);
  t.seen = at;
  box.scrollTop = at;
  draw();
}

function onScroll() {
  const t = timeline, box = $('timeline'), at = box.scrollTop, view = box.clientHeight;
  const short = Math.min(t.height, MOST_PX) - view, whole = t.height - view;
  // A drag of the bar, or an end that is none: the whole of it counts, not the step.
  if (t.height > MOST_PX && (Math.abs(at - t.seen) > 3 * view || at < view || at > short - view))
    t.shift = Math.round(at * whole / short - at);
  t.seen = at;
  later();
}

function later() {
  if (timeline.drawing) return;
  timeline.drawing = true;
  requestAnimationFrame(() => { timeline.drawing = false; draw(); });
}

/* ---- items ---- */

// Of a day, a page of items: {items, wait}. What is far away is forgotten first.
function pageOf(day, page) {
  const t = timeline, key = day + ':' + page;
  let p = t.pages.get(key);
  if (p) {
    t.pages.delete(key);
    t.pages.set(key, p);
    return p;
  }
  p = {items: null, wait: null};
  t.pages.set(key, p);
  while (t.pages.size > PAGES_KEPT) t.pages.delete(t.pages.keys().next().value);
  const query = t.query, skip = page * PAGE;
  // What has no date stands at the end of all and has no day to ask for.
  p.wait = (t.days[day] ? askItems('&day=' + t.days[day] + query, skip) : askItems(query, t.first[day] + skip)).then((items) => {
    p.items = items;
    if (query === t.query) later();
    return items;
  }).catch((e) => { t.pages.delete(key); say(e.message, true); return []; });
  return p;
}

// Of a long search each answer is a part, and says where the next goes on.
async function askItems(query, skip) {
  const items = [];
  for (let after = ''; ;) {
    const part = await ask('items?most=' + (PAGE - items.length) + '&skip=' + skip + after + query);
    items.push(...part.items);
    if (!part.next || items.length >= PAGE) return items;
    after = '&after=' + part.next;
    skip = part.skip;
  }
}

async function itemAt(index) {
  const day = dayOf(index), at = index - timeline.first[day], p = pageOf(day, Math.floor(at / PAGE));
  const items = p.items || await p.wait;
  return items[at % PAGE];
}

/* ---- drawing ---- */

function place(key, create, top, left, w, h) {
  const t = timeline;
  let e = t.drawn.get(key);
  if (!e) {
    e = create();
    t.drawn.set(key, e);
    $('sheet').append(e);
  }
  e.keep = true;
  e.style.top = top - t.shift + 'px';
  if (w) {
    e.style.left = left + 'px';
    e.style.width = w + 'px';
    e.style.height = h + 'px';
  }
  return e;
}

function fill(e, item) {
  if (e.item === item) return;
  e.item = item;
  const img = make('img');
  img.alt = item.name;
  img.decoding = 'async';
  img.onload = () => img.classList.add('there');
  img.src = 'preview?id=' + item.id;
  e.replaceChildren(img);
  e.title = item.name;
  if (item.kind === 'video' || item.kind === 'raw') e.append(make('span', item.type, 'badge'));
}

function drawItem(day, at) {
  const t = timeline, index = t.first[day] + at;
  const top = t.tops[day] + HEAD + Math.floor(at / t.columns) * (t.cell + GAP);
  const e = place('i' + index, () => {
    const b = make('button', undefined, 'item');
    b.type = 'button';
    b.tabIndex = -1;
    b.onclick = () => { choose(index); viewer.open(index); };
    return b;
  }, top, t.side + (at % t.columns) * (t.cell + GAP), t.cell, t.cell);
  e.classList.toggle('chosen', index === t.chosen);
  const p = pageOf(day, Math.floor(at / PAGE));
  if (p.items && p.items[at % PAGE]) fill(e, p.items[at % PAGE]);
}

function draw() {
  const t = timeline, view = $('timeline').clientHeight, top = position(), margin = 300;
  for (const e of t.drawn.values()) e.keep = false;
  const end = top + view + margin;
  for (let d = lastAtMost(t.tops, Math.max(0, top - margin)); d < t.days.length && t.tops[d] < end; d++) {
    place('d' + d, () => {
      const h = make('div', dayName(t.days[d]), 'day');
      h.append(make('small', number(t.counts[d])));
      return h;
    }, t.tops[d]);
    const rows = t.tops[d] + HEAD, high = t.cell + GAP;
    const from = Math.max(0, Math.floor((top - margin - rows) / high)) * t.columns;
    const to = Math.min(t.counts[d], Math.ceil((end - rows) / high) * t.columns);
    for (let i = from; i < to; i++) drawItem(d, i);
  }
  for (const [key, e] of t.drawn)
    if (!e.keep) { e.remove(); t.drawn.delete(key); }
  if (t.days.length) {
    const month = Math.floor(t.days[Math.min(lastAtMost(t.tops, top + HEAD), t.days.length - 1)] / 100);
    if ($('jump').value !== String(month)) $('jump').value = String(month);
  }
}

/* ---- what is searched for ---- */

function readQuery() {
  const q = new URLSearchParams();
  const words = $('words').value.trim();
  if (words) q.set('q', words);
  let used = false;
  for (const i of $('filters').querySelectorAll('input')) {
    const value = i.type === 'date' ? i.value.replaceAll('-', '') : i.value.trim();
    if (value) { q.set(i.name, value); used = true; }
  }
  $('more').classList.toggle('used', used);
  const text = q.toString();
  return text ? '&' + text : '';
}

function fillJump() {
  const months = new Map();
  timeline.days.forEach((d, i) => { const m = Math.floor(d / 100); if (!months.has(m)) months.set(m, i); });
  $('jump').replaceChildren(...[...months].map(([m, i]) => {
    const o = make('option', m ? dayName(m * 100) : 'Without a date');
    o.value = m;
    o.day = i;
    return o;
  }));
}

// More days, older ones, stand below: what is drawn stays where it is.
function addDays(flat) {
  const t = timeline;
  for (let i = 0; i < flat.length; i += 2) {
    const last = t.days.length - 1;
    if (last >= 0 && t.days[last] === flat[i]) {
      t.counts[last] += flat[i + 1];
      t.pages.delete(last + ':' + Math.floor((t.counts[last] - flat[i + 1]) / PAGE)); // it was not full
      const head = t.drawn.get('d' + last);
      if (head) { head.remove(); t.drawn.delete('d' + last); }
    } else {
      t.days.push(flat[i]);
      t.counts.push(flat[i + 1]);
    }
  }
}

function sayFound(more) {
  const t = timeline;
  say((more ? 'Searching … ' : '') + (t.total ? number(t.total) + (t.total === 1 ? ' file' : ' files') + ' on ' + number(t.days.length) +
    (t.days.length === 1 ? ' day' : ' days') + (more ? ' so far' : '')
    : more ? '' : t.query ? 'Nothing is found' : 'Nothing is organized yet'));
}

async function search(again) {
  const t = timeline, query = readQuery();
  if (query === t.query && !again) return;
  const asked = ++t.asked;
  t.query = query;
  say('Searching …');
  try {
    for (let next = ''; next !== undefined;) {
      const part = await ask('days?after=' + (next || 0) + query);
      if (asked !== t.asked) return;
      if (!next) {
        t.pages.clear();
        for (const e of t.drawn.values()) e.remove();
        t.drawn.clear();
        t.days = [];
        t.counts = [];
        t.chosen = -1;
      }
      addDays(part.days);
      fillJump();
      measure();
      if (next) scrollTo(position()); else scrollTo(0);
      next = part.next;
      sayFound(next !== undefined);
    }
  } catch (e) {
    if (asked === t.asked) say(e.message, true);
  }
}

/* ---- keys ---- */

function choose(index) {
  const t = timeline;
  if (!t.total) return;
  t.chosen = Math.max(0, Math.min(index, t.total - 1));
  const top = topOf(t.chosen), view = $('timeline').clientHeight, now = position();
  if (top - HEAD < now) scrollTo(top - HEAD);
  else if (top + t.cell + GAP > now + view) scrollTo(top + t.cell + GAP * 2 - view);
  else draw();
}

// The one above or below: by rows, over the border of a day too.
function rowStep(down) {
  const t = timeline, day = dayOf(t.chosen), at = t.chosen - t.first[day], column = at % t.columns;
  const next = at + (down ? t.columns : -t.columns);
  if (next >= 0 && next < t.counts[day]) return t.first[day] + next;
  const rows = Math.ceil(t.counts[day] / t.columns), row = Math.floor(at / t.columns);
  if (down && row < rows - 1) return t.first[day] + t.counts[day] - 1;
  const other = day + (down ? 1 : -1);
  if (other < 0 || other >= t.days.length) return t.chosen;
  const last = Math.floor((t.counts[other] - 1) / t.columns) * t.columns;
  return t.first[other] + Math.min((down ? 0 : last) + column, t.counts[other] - 1);
}

function onKey(e) {
  const t = timeline;
  if (e.ctrlKey || e.altKey || e.metaKey || $('viewer').open || $('panel').open) return;
  if (e.target.closest('input, select')) {
    if (e.key === 'Escape') { $('timeline').focus(); e.preventDefault(); }
    return;
  }
  const start = t.chosen < 0 ? dayOf0() : -1;
  const steps = {ArrowRight: () => t.chosen + 1, ArrowLeft: () => t.chosen - 1, ArrowDown: () => rowStep(true),
    ArrowUp: () => rowStep(false)};
  if (e.key === '/') { $('words').focus(); $('words').select(); }
  else if (e.key in steps && t.total) choose(start >= 0 ? start : steps[e.key]());
  else if (e.key === 'Enter' && t.chosen >= 0 && !e.target.closest('#bar')) viewer.open(t.chosen);
  else if (e.key === 'Home') scrollTo(0);
  else if (e.key === 'End') scrollTo(t.height);
  else if (e.key === 'Escape') { t.chosen = -1; $('filters').hidden = true; draw(); }
  else return;
  e.preventDefault();
}

// The first that is in view.
function dayOf0() {
  const t = timeline, day = Math.min(lastAtMost(t.tops, position() + HEAD), t.days.length - 1);
  const row = Math.max(0, Math.ceil((position() - t.tops[day] - HEAD) / (t.cell + GAP)));
  return Math.min(t.first[day] + row * t.columns, t.total - 1);
}

function wire() {
  let wait = 0;
  const soon = () => { clearTimeout(wait); wait = setTimeout(search, 250); };
  $('search').addEventListener('input', soon);
  $('search').addEventListener('submit', (e) => e.preventDefault());
  $('search').addEventListener('keydown', (e) => {
    if (e.key !== 'Enter' || !e.target.closest('input')) return;
    e.preventDefault();
    clearTimeout(wait);
    search();
    $('filters').hidden = true;
    $('timeline').focus();
  });
  $('more').onclick = () => {
    $('filters').hidden = !$('filters').hidden;
    $('more').setAttribute('aria-expanded', String(!$('filters').hidden));
  };
  $('clear').onclick = () => { $('search').reset(); search(); };
  document.addEventListener('pointerdown', (e) => { if (!e.target.closest('#search')) $('filters').hidden = true; });
  $('jump').onchange = () => {
    const o = $('jump').selectedOptions[0];
    if (o) scrollTo(timeline.tops[o.day]);
    $('timeline').focus();
  };
  $('timeline').addEventListener('scroll', onScroll, {passive: true});
  document.addEventListener('keydown', onKey);
  new ResizeObserver(() => {
    const t = timeline;
    if (!t.days.length || $('timeline').clientWidth === t.width) { later(); return; }
    const first = dayOf0();
    measure();
    scrollTo(first ? topOf(first) - HEAD : 0);
  }).observe($('timeline'));
}

document.addEventListener('DOMContentLoaded', () => { wire(); search(true); });
