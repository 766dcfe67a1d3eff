// Stands in for the script of @wecom/jssdk 2.4.4: the interface that a login page uses, and what WeCom's types and
// documentation (D/98478) say that it does.
var ww = {
  createWWLoginPanel({ el, params }) {
    const frame = document.createElement('iframe');
    const [width, height] = params.panel_size === 'small' ? ['320px', '380px'] : ['480px', '416px'];
    Object.assign(frame.style, { display: 'block', border: 'none', width, height });
    frame.referrerPolicy = 'origin';
    document.querySelector(el).append(frame);
    const url = new URL('https://login.work.weixin.qq.com/wwlogin/sso/login');
    for (const [name, value] of Object.entries({ ...params, version: 'stand-in' })) url.searchParams.set(name, value);
    frame.src = url.href;
    return { el: frame, unmount: () => frame.remove() };
  },
};
