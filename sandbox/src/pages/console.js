const say = document.getElementById('say');
const parts = ['suites', 'switches', 'corps', 'calls', 'faults', 'settings', 'deliveries'];
const keyOf = (element) => element && element.dataset ? (element.dataset.post || '') + (element.dataset.body || '') : '';
async function refresh() {
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const open = new Set([...document.querySelectorAll('details[open][data-key]')].map((one) => one.dataset.key));
  const focus = keyOf(document.activeElement);
  for (const id of parts) {
    const now = document.getElementById(id), next = fresh.getElementById(id);
    if (now && next && now.innerHTML !== next.innerHTML) {
      for (const one of next.querySelectorAll('details[data-key]')) one.open = open.has(one.dataset.key);
      now.replaceWith(next);
    }
  }
  if (focus && keyOf(document.activeElement) !== focus) {
    for (const one of document.querySelectorAll('button')) if (keyOf(one) === focus) { one.focus(); break; }
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
