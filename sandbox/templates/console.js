const say = document.getElementById('say');
const parts = ['suites', 'switches', 'corps', 'calls', 'faults', 'settings', 'deliveries'];
const usable = 'a[href], button, input, textarea, summary, [tabindex]';
const keyOf = (element) => (element.dataset.post || element.dataset.delete || '') + (element.dataset.body || '');
// What has the focus keeps it: the same button, or else what now stands in its place.
function replace(now, next) {
  const before = [...now.querySelectorAll(usable)], place = before.indexOf(document.activeElement);
  now.replaceWith(next);
  if (place < 0) return;
  const after = [...next.querySelectorAll(usable)], key = keyOf(before[place]);
  const there = after[Math.min(place, after.length - 1)];
  const same = key && there && keyOf(there) !== key && after.find((one) => keyOf(one) === key);
  (same || there)?.focus();
}
async function refresh() {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const open = new Set([...document.querySelectorAll('details[open][data-key]')].map((one) => one.dataset.key));
  for (const id of parts) {
    const now = document.getElementById(id), next = fresh.getElementById(id);
    if (!now || !next) continue;
    for (const one of next.querySelectorAll('details[data-key]')) one.open = open.has(one.dataset.key);
    if (now.innerHTML !== next.innerHTML) replace(now, next);
  }
}
async function send(method, path, body) {
  say.textContent = '…';
  try {
    const answer = await fetch(path, { method, body: body || undefined });
    const text = await answer.text();
    say.textContent = (answer.ok ? '' : answer.status + ' ') + path + '\n' + (text.length > 600 ? 'done' : text);
  } catch (error) {
    say.textContent = String(error);
  }
  await refresh();
}
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const { post, body, delete: path } = button.dataset;
  if (!post && !path) return;
  button.disabled = true;
  await (post ? send('POST', post, body) : send('DELETE', path));
  button.disabled = false;
});
document.addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target, fields = new FormData(form);
  if (form.dataset.json) return send('POST', form.dataset.json, fields.get('json'));
  const body = {};
  for (const [name, value] of fields) if (value !== '') body[name] = name === 'api' ? value : Number(value);
  send('POST', form.dataset.form, JSON.stringify(body));
});
setInterval(() => { if (!document.hidden && !document.querySelector('button:disabled')) refresh().catch(() => {}); }, 3000);
