const statusElement = document.getElementById('say');
const refreshedIds = ['suites', 'switches', 'corps', 'calls', 'faults', 'settings', 'messages', 'deliveries'];
const focusable = 'a[href], button, input, textarea, summary, [tabindex]';
const actionOf = (element) => (element.dataset.post || element.dataset.delete || '') + (element.dataset.body || '');
// Keeps the focus on the button with the same action, or else on the element at the same position.
function replace(current, next) {
  const before = [...current.querySelectorAll(focusable)], position = before.indexOf(document.activeElement);
  current.replaceWith(next);
  if (position < 0) return;
  const after = [...next.querySelectorAll(focusable)], action = actionOf(before[position]);
  const atPosition = after[Math.min(position, after.length - 1)];
  const sameAction = action && atPosition && actionOf(atPosition) !== action
    && after.find((element) => actionOf(element) === action);
  (sameAction || atPosition)?.focus();
}
async function refresh() {
  const response = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  const open = new Set([...document.querySelectorAll('details[open][data-key]')].map((details) => details.dataset.key));
  for (const id of refreshedIds) {
    const current = document.getElementById(id), next = fresh.getElementById(id);
    if (!current || !next) continue;
    for (const details of next.querySelectorAll('details[data-key]')) details.open = open.has(details.dataset.key);
    if (current.innerHTML !== next.innerHTML) replace(current, next);
  }
}
async function send(method, path, body) {
  statusElement.textContent = '…';
  try {
    const response = await fetch(path, { method, body: body || undefined });
    const text = await response.text();
    statusElement.textContent = (response.ok ? '' : response.status + ' ') + path + '\n' + (text.length > 600 ? 'done' : text);
  } catch (error) {
    statusElement.textContent = String(error);
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
