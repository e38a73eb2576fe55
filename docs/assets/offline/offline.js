// 离线版：file:// 下没有 Worker，搜索索引由 iframe-worker 在页面自己的线程里建，要花一秒左右，
// 所以与网站上一样，等读者真要搜索（点搜索框或按快捷键）再建。
(() => {
  "use strict";
  const post = Worker.prototype.postMessage;
  const waiting = [];
  let wanted = /[?&]q=/.test(location.search);
  Worker.prototype.postMessage = function (...message) {
    if (wanted) return post.apply(this, message);
    waiting.push(() => post.apply(this, message));
  };
  addEventListener("focusin", (event) => {
    if (!event.target.matches?.("[data-md-component=search-query]")) return;
    wanted = true;
    waiting.splice(0).forEach((go) => go());
  });
})();
