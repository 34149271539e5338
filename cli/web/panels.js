'use strict';
/* What was organized when, and the memory of the process that serves this page. */
(() => {
  let timer = 0, seen = [];

  function openPanel(name) {
    $('panel-name').textContent = name;
    $('panel-body').replaceChildren(make('p', 'Asking …'));
    $('panel').showModal();
  }

  const plural = (n, word) => number(n) + ' ' + word + (n === 1 ? '' : 's');

  function runRow(r) {
    const row = make('div', undefined, 'run');
    const did = r.mode === 'undo' ? 'taken back' : r.mode === 'redate' ? 'redated' : 'organized';
    row.append(make('b', 'Run ' + r.run + ' · ' + r.mode));
    const parts = [new Date(r.started * 1000).toLocaleString(), number(r.organized) + ' ' + did];
    if (r.bytes) parts.push(viewer.bytes(r.bytes));
    if (r.duplicates) parts.push(plural(r.duplicates, 'duplicate'));
    if (r.errors) parts.push(plural(r.errors, 'error'));
    if (r.undoes) parts.push('of run ' + r.undoes);
    if (!r.finished) parts.push('interrupted');
    row.append(make('p', parts.join(' · ')));
    if (r.inbox) row.append(make('p', 'from ' + r.inbox));
    return row;
  }

  async function showRuns() {
    openPanel('Runs');
    try {
      const runs = await ask('runs');
      $('panel-body').replaceChildren(...(runs.length ? runs.map(runRow) : [make('p', 'There were none yet.')]));
    } catch (e) {
      $('panel-body').replaceChildren(make('p', e.message));
    }
  }

  function figure(name, value) {
    const d = make('div');
    d.append(make('span', name), make('strong', value));
    return d;
  }

  function drawLine(canvas, limit) {
    const w = canvas.width = canvas.clientWidth * devicePixelRatio, h = canvas.height = canvas.clientHeight * devicePixelRatio;
    const c = canvas.getContext('2d'), style = getComputedStyle(document.documentElement);
    const top = limit || Math.max(...seen) * 1.2;
    c.strokeStyle = style.getPropertyValue('--line');
    c.strokeRect(0.5, 0.5, w - 1, h - 1);
    c.strokeStyle = style.getPropertyValue('--main');
    c.lineWidth = 2 * devicePixelRatio;
    c.beginPath();
    seen.forEach((v, i) => c.lineTo(w - (seen.length - 1 - i) * w / 119, h - v / top * (h - 4)));
    c.stroke();
  }

  function showUsage(answer) {
    const m = answer.memory, figures = make('div', undefined, 'figures');
    seen.push(m.current_bytes);
    seen = seen.slice(-120);
    figures.append(figure('Resident', viewer.bytes(m.current_bytes)), figure('Peak', viewer.bytes(m.peak_bytes)),
      figure('Limit', m.limit_bytes ? viewer.bytes(m.limit_bytes) : 'none'), figure('Pressure', m.level));
    const meter = make('meter');
    meter.max = m.limit_bytes || m.peak_bytes;
    meter.value = m.current_bytes;
    const canvas = make('canvas'), table = make('table'), head = make('tr');
    head.append(make('th', 'Account'), make('th', 'Now'), make('th', 'Peak'));
    table.append(head);
    for (const a of answer.ledger) {
      const row = make('tr');
      row.append(make('td', '  '.repeat(a.depth) + a.name), make('td', viewer.bytes(a.current_bytes)),
        make('td', viewer.bytes(a.peak_bytes)));
      table.append(row);
    }
    $('panel-body').replaceChildren(figures, meter, canvas, table);
    drawLine(canvas, m.limit_bytes);
  }

  async function look() {
    try {
      const answer = await ask('memory');
      if (timer) showUsage(answer);
    } catch (e) {
      $('panel-body').replaceChildren(make('p', e.message));
    }
    if (timer) timer = setTimeout(look, 1000);
  }

  document.addEventListener('DOMContentLoaded', () => {
    $('show-runs').onclick = showRuns;
    $('show-memory').onclick = () => { openPanel('Memory'); timer = 1; look(); };
    $('panel-shut').onclick = () => $('panel').close();
    $('panel').addEventListener('close', () => { clearTimeout(timer); timer = 0; $('timeline').focus(); });
    $('panel').addEventListener('click', (e) => { if (e.target === $('panel')) $('panel').close(); });
  });
})();
