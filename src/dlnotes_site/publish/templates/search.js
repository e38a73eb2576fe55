// 接在主题的搜索脚本前面：讲一个概念的笔记排在提到它的各页之前。
// 主题照常找，这里只重排：问题里出现了哪些笔记的标签（概念的名字、读者的说法），那些笔记先列。
(() => {
  "use strict";
  const post = self.postMessage.bind(self);
  const notes = []; // 有标签的页：{doc, names: Map(名字 → 分量)}
  let asked = "";

  // 大小写、全角、标点不论；汉字两边的空格去掉
  const plain = (text) =>
    text.normalize("NFKC").toLowerCase().replace(/\u200b/g, "").replace(/×/g, "x")
      .replace(/[^\p{L}\p{N}+]+/gu, " ").trim()
      .replace(/(?<=\p{sc=Han}) +| +(?=\p{sc=Han})/gu, "");
  const size = (text) =>
    Math.max(3, [...text].reduce((sum, c) => sum + (/\p{sc=Han}/u.test(c) ? 2 : 0.8), 0));
  // 西文的词要整个出现：问 “subnet” 不是问 “bn”
  const places = (text, name) => {
    const found = [];
    for (let i = text.indexOf(name); i >= 0; i = text.indexOf(name, i + 1)) {
      const [before, after] = [text[i - 1] ?? "", text[i + name.length] ?? ""];
      const joined = (a, b) => /[a-z0-9]/.test(a) && /[a-z0-9]/.test(b);
      if (!joined(before, name[0]) && !joined(name.at(-1), after)) found.push(i);
    }
    return found;
  };

  const inTitle = (title, name) => (title === name ? 2 : title.includes(name) ? 1.6 : 1);

  function learn(docs) {
    const owners = new Map();
    for (const doc of docs.filter((one) => one.tags?.length)) {
      const title = plain(doc.title);
      const names = new Map();
      for (const tag of doc.tags) {
        const name = plain(tag);
        if (!name) continue;
        if (!names.has(name)) owners.set(name, (owners.get(name) ?? 0) + 1);
        // 概念表里有，页首的 keywords 又写了：这一篇正是讲它的
        names.set(name, names.has(name) ? 1.5 * names.get(name) : inTitle(title, name));
      }
      if (!names.has(title)) names.set(title, inTitle(title, title));
      notes.push({ doc, names });
    }
    for (const { names } of notes)
      for (const [name, weight] of names) names.set(name, weight / Math.sqrt(owners.get(name) ?? 1));
  }

  // 写错、漏写、多写一个字母，或者颠倒两个
  const close = (a, b) => {
    if (Math.abs(a.length - b.length) > 1) return false;
    let i = 0;
    while (i < a.length && a[i] === b[i]) i++;
    const rest = (x, y) => a.slice(i + x) === b.slice(i + y);
    const swapped = a[i] === b[i + 1] && a[i + 1] === b[i] && rest(2, 2);
    return rest(1, 1) || rest(1, 0) || rest(0, 1) || swapped;
  };

  // 问题里的名字从长到短占住各自的字；正在打的半个名字也算一点
  function relevance({ names }, text) {
    let score = 0;
    const free = [...text].map(() => true);
    const known = [...names].sort((a, b) => b[0].length - a[0].length);
    for (const [name, weight] of known) {
      for (const start of places(text, name)) {
        const span = [...name].map((_, k) => start + k);
        if (!span.every((k) => free[k])) continue;
        span.forEach((k) => { free[k] = false; });
        score += weight * size(name) ** 2;
        break;
      }
      if (/^[a-z0-9]{6,}$/.test(name) && name !== text)
        for (const word of text.match(/[a-z0-9]{5,}/g) ?? [])
          if (word !== name && close(word, name)) score += 0.5 * weight * size(name) ** 2;
      if (name !== text && name.includes(text) && text.length > 1)
        score = Math.max(score, (0.5 * weight * size(text) ** 3) / size(name));
    }
    return score;
  }

  function rank(items) {
    const text = plain(asked);
    if (!text) return items;
    const left = new Map(items.map((group) => [group[0].location.split("#")[0], group]));
    const first = notes
      .map((note) => ({ note, score: relevance(note, text) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ note, score }) => {
        const group = left.get(note.doc.location) ?? [{ ...note.doc, score, terms: {} }];
        left.delete(note.doc.location);
        return group;
      });
    return [...first, ...left.values()];
  }

  self.addEventListener("message", ({ data }) => {
    if (data?.type === 0) learn(data.data.docs);
    if (data?.type === 2) asked = String(data.data);
  });
  self.postMessage = (message, ...rest) => {
    if (message?.type === 3 && message.data?.items)
      message = { ...message, data: { ...message.data, items: rank(message.data.items) } };
    post(message, ...rest);
  };
})();
