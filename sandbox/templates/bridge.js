// Stands in for what WeCom's client puts into a page. It asks the sandbox about the signatures that ww.register presents.
(() => {
  const sandbox = new URL(document.currentScript.src).origin;
  const presented = {
    preVerifyJSAPI: (params) => ({ corpId: params.verifyAppId, timestamp: params.verifyTimestamp,
      nonceStr: params.verifyNonceStr, signature: params.verifySignature }),
    agentConfig: (params) => ({ corpId: params.corpid, agentId: params.agentid, timestamp: params.timestamp,
      nonceStr: params.nonceStr, signature: params.signature }),
  };
  window.WeixinJSBridge = {
    // The page that the signature is for.
    page: () => location.href,
    on() {},
    async invoke(name, params, done) {
      if (!presented[name]) return done({ errMsg: name + ':function not exist' });
      try {
        const body = JSON.stringify({ url: this.page(), ...presented[name](params) });
        const response = await fetch(sandbox + '/sandbox/jsSignature', { method: 'POST', body });
        const answer = await response.json();
        done(answer.errMsg ? answer : { errMsg: name + ':' + answer.title });
      } catch (error) {
        done({ errMsg: name + ':' + error });
      }
    },
  };
  document.dispatchEvent(new Event('WeixinJSBridgeReady'));
})();
