const form = document.querySelector('form'), result = document.getElementById('result');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = new FormData(form), lines = [];
  // The SDK registers a page once.
  form.querySelector('button').disabled = true;
  try {
    const given = JSON.parse(fields.get('json'));
    window.WeixinJSBridge.page = () => fields.get('url');
    ww.register({ corpId: given.corpId, agentId: given.agentId, jsApiList: ['scanQRCode'],
      getConfigSignature: () => given.config, getAgentConfigSignature: () => given.agentConfig });
    for (const ready of [ww.ensureCorpConfigReady, ww.ensureAgentConfigReady]) {
      const said = await ready().then((ended) => ended.result, (error) => error);
      lines.push((said.errMsg || String(said)) + (said.hint ? ' (' + said.hint + ')' : ''));
    }
  } catch (error) {
    lines.push(String(error));
  }
  result.textContent = lines.join('\n');
});
