  // Names that the app was not given are drawn by WeCom's component; where it cannot, the userid stays.
  const register = async (more) => {
    const page = location.href.split('#')[0];
    const answer = await fetch('/auth/jsConfig?url=' + encodeURIComponent(page));
    if (!answer.ok) throw new Error((await answer.json()).title);
    const { corpId, agentId, config, agentConfig } = await answer.json();
    if (!window.ww) throw new Error('Signed for ' + corpId + ', but the JS-SDK could not be loaded');
    ww.register({
      corpId, agentId, jsApiList: ['selectEnterpriseContact'],
      getConfigSignature: () => config,
      getAgentConfigSignature: () => agentConfig,
      ...more,
    });
    return corpId;
  };
  const showNames = async () => {
    const names = document.querySelectorAll('ww-open-data');
    if (!names.length) return;
    await ww.initOpenData();
    WWOpenData.bindAll(names);
  };
