// What is checked of a report, in the page itself.

// pages counts a PDF's pages.
export function pages(pdf) {
  return (pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g) ?? []).length;
}

// look runs within the page, so it refers to nothing outside itself. It returns counts, and
// faults in words.
export function look() {
  const faults = [];
  const brief = (e) => (e.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 50);
  const say = (text) => { if (!faults.includes(text)) faults.push(text); };

  // Layout: only tables may scroll sideways, in a frame of their own that the keyboard reaches.
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) say(`scrolls sideways by ${root.scrollWidth - root.clientWidth} px`);
  for (const f of document.querySelectorAll('.scroll')) {
    if (f.tabIndex !== 0 || !f.getAttribute('aria-label')) say(`a frame that the keyboard or a screen reader cannot find: ${brief(f)}`);
  }

  // Pictures: drawn, told in a sentence with a figure, their text inside, no label on another.
  const pictures = [...document.querySelectorAll('svg:not([aria-hidden]), img')];
  for (const p of pictures) {
    const label = p.getAttribute('aria-label') ?? p.getAttribute('alt') ?? '';
    const name = label.slice(0, 70);
    const box = p.getBoundingClientRect();
    if (box.width < 20 || box.height < 20 || p.querySelectorAll('path, line, rect, polyline').length <= 3) say(`an empty picture: ${label}`);
    if (!/\d/.test(label) || !label.endsWith('.')) say(`a picture whose text is no sentence with figures: ${label}`);
    const texts = [...p.querySelectorAll('text')].map((t) => ({ t, r: t.getBoundingClientRect() }));
    for (const { t, r } of texts) {
      if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1) say(`“${brief(t)}” is cut off in: ${name}`);
      if (r.height < 7) say(`“${brief(t)}” is ${r.height.toFixed(1)} px high in: ${name}`);
    }
    for (let i = 0; i < texts.length; i++) {
      for (let j = i + 1; j < texts.length; j++) {
        const [a, b] = [texts[i].r, texts[j].r];
        const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (w > 1 && h > Math.min(a.height, b.height) * 0.4) say(`“${brief(texts[i].t)}” lies on “${brief(texts[j].t)}” in: ${name}`);
      }
    }
  }

  // Structure: one h1, no level skipped, links that lead somewhere, tables with their headers.
  let level = 0;
  for (const h of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const l = Number(h.tagName[1]);
    if (l > level + 1) say(`heading “${brief(h)}” skips a level`);
    level = l;
    if (!brief(h)) say('an empty heading');
  }
  if (document.querySelectorAll('h1').length !== 1) say(`${document.querySelectorAll('h1').length} first-level headings`);
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of ids) if (ids.filter((i) => i === id).length > 1) say(`the id ${id} is there twice`);
  for (const a of document.querySelectorAll('a[href^="#"]')) if (!document.getElementById(a.getAttribute('href').slice(1))) say(`a link that leads nowhere: ${brief(a)}`);
  const tables = [...document.querySelectorAll('table')];
  for (const t of tables) {
    const caption = t.querySelector('caption') ? brief(t.querySelector('caption')) : '';
    if (!caption) say(`a table without a caption: ${brief(t)}`);
    if ([...t.querySelectorAll('th')].some((h) => !h.scope)) say(`a header without a scope: ${caption}`);
    if ([...t.querySelectorAll('thead th')].some((h) => !brief(h))) say(`an empty header: ${caption}`);
    const columns = t.querySelectorAll('thead th').length;
    if ([...t.querySelectorAll('tbody tr')].some((r) => r.children.length !== columns)) say(`a row with other columns than its table: ${caption}`);
  }
  for (const list of document.querySelectorAll('ul, ol, dl')) if (!list.children.length) say('an empty list');

  // Numbers and names as people write them.
  const text = document.body.innerText;
  if (text.length < 500) say('hardly any text');
  const odd = text.match(/.{0,20}(NaN|Infinity|\d[eE][+-]\d|undefined|%!|ZgotmplZ|<nil>).{0,20}/);
  if (odd) say(`an odd value: ${odd[0]}`);
  if (document.querySelector('script, iframe, object, embed, link[rel=stylesheet]')) say('it is not self-contained');

  // Contrast, by WCAG 2.1: 4.5 for text, 3 for large text.
  const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length >= 3 && (c[3] ?? 1) > 0.99) return c;
    }
    return [255, 255, 255];
  };
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e);
    const ratio = contrast(parse(e instanceof SVGElement ? style.fill : style.color), behind(e));
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)} of “${brief(e)}”`);
  }
  // Lines of charts and their keys: 3 against what they are drawn on.
  for (const e of document.querySelectorAll('figure path')) {
    const style = getComputedStyle(e);
    if (style.stroke === 'none' || parseFloat(style.strokeWidth) < 1) continue;
    const ratio = contrast(parse(style.stroke), behind(e));
    if (ratio < 3) say(`contrast ${ratio.toFixed(2)} of a line (${e.getAttribute('class') ?? e.getAttribute('style')})`);
  }
  return { faults, pictures: pictures.length, tables: tables.length, text: text.length };
}
