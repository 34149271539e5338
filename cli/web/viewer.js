'use strict';
/* One picture, with what is known of it. */
const viewer = (() => {
  const SHOWN = ['jpeg', 'png', 'apng', 'webp', 'gif', 'avif', 'bmp'];
  const PLAYED = ['mp4', 'm4v', 'mov', 'webm', '3gp', 'mkv'];
  let index = -1, turn = 0;

  const two = (n) => String(n).padStart(2, '0');
  function clock(time) {
    return time ? two(Math.floor(time / 10000)) + ':' + two(Math.floor(time / 100) % 100) + ':' + two(time % 100) : '';
  }

  function bytes(n) {
    const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
    let i = 0;
    while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
    return (i ? n.toFixed(1) : n) + ' ' + units[i];
  }

  function copyButton(text) {
    const b = make('button', 'Copy', 'copy');
    b.type = 'button';
    b.onclick = async () => {
      try {
        await navigator.clipboard.writeText(text);
        b.textContent = 'Copied';
      } catch {
        b.textContent = 'Not allowed';
      }
      setTimeout(() => { b.textContent = 'Copy'; }, 1500);
    };
    return b;
  }

  function showFacts(f) {
    const list = make('dl');
    const row = (name, value, copies) => {
      if (!value) return;
      const dt = make('dt', name);
      if (copies) dt.append(copyButton(value));
      list.append(dt, make('dd', value));
    };
    row('Date', f.day ? dayName(f.day) + (f.time ? ', ' + clock(f.time) : '') : 'not known');
    row('Date from', f.date_source);
    row('Camera', [f.make, f.model].filter(Boolean).join(' '));
    row('Generator', f.generator);
    row('Model', f.ai_model);
    row('Seed', f.seed, true);
    row('Prompt', f.prompt, true);
    row('Negative prompt', f.negative_prompt, true);
    row('Place', f.latitude === undefined ? '' : f.latitude + ', ' + f.longitude, true);
    row('Type', f.type === 'none' ? '' : f.type);
    row('Size', bytes(f.bytes));
    row('Path', f.path, true);
    const load = make('a', 'Save the file');
    load.href = 'file?download=1&id=' + f.id;
    load.download = f.name;
    const p = make('p');
    p.append(load);
    $('facts').replaceChildren(make('h2', f.name), list, p);
    $('facts').scrollTop = 0;
  }

  function showPicture(item) {
    const stage = $('stage');
    stop();
    if (PLAYED.includes(item.type)) {
      const v = make('video');
      v.controls = true;
      v.preload = 'metadata';
      v.src = 'file?id=' + item.id;
      v.onerror = () => stage.append(make('p', 'This browser does not play it. It can be saved.'));
      stage.replaceChildren(v);
      return;
    }
    const img = make('img'), shows = SHOWN.includes(item.type);
    img.alt = item.name;
    img.src = (shows ? 'file?id=' : 'preview?id=') + item.id;
    if (!shows) img.className = 'small';
    img.onerror = () => stage.replaceChildren(make('p', 'The file cannot be shown: it may be damaged, or gone.'));
    stage.replaceChildren(img);
    if (!shows) {
      const both = make('div');
      both.append(img, make('p', 'A browser does not show ' + (item.type === 'none' ? 'it' : item.type.toUpperCase()) + '. It can be saved.'));
      stage.replaceChildren(both);
    }
  }

  function stop() {
    const v = $('stage').querySelector('video');
    if (v) { v.pause(); v.removeAttribute('src'); v.load(); }
    $('stage').replaceChildren();
  }

  async function open(at) {
    if (at < 0 || at >= timeline.total) return;
    index = at;
    const mine = ++turn;
    if (!$('viewer').open) { $('viewer').showModal(); $('stage').focus(); }
    $('before').hidden = at === 0;
    $('after').hidden = at === timeline.total - 1;
    const item = await itemAt(at);
    if (mine !== turn || !item) return;
    showPicture(item);
    try {
      const facts = await ask('facts?id=' + item.id);
      if (mine === turn) showFacts(facts);
    } catch (e) {
      if (mine === turn) $('facts').replaceChildren(make('p', e.message));
    }
  }

  const step = (by) => { if (index + by >= 0 && index + by < timeline.total) open(index + by); };

  document.addEventListener('DOMContentLoaded', () => {
    $('shut').onclick = () => $('viewer').close();
    $('before').onclick = () => step(-1);
    $('after').onclick = () => step(1);
    $('viewer').addEventListener('close', () => {
      turn++;
      stop();
      $('facts').replaceChildren();
      choose(index);
      $('timeline').focus();
    });
    $('viewer').addEventListener('keydown', (e) => {
      if (e.target.closest('video')) return;
      if (e.key === 'ArrowLeft') step(-1);
      else if (e.key === 'ArrowRight') step(1);
      else return;
      e.preventDefault();
    });
  });
  return {open, bytes};
})();
