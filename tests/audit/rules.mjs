// html-validate 的规则里不照办的，各有理由；其余都用它推荐的。

// 规则的设置
export const RULES = {
  // 写法的偏好，不是规范：主题与 Python-Markdown 用小写的 doctype、XHTML 式的 <br />、
  // checked="checked"，模板的缩进留下行尾空白；四样 HTML 标准都允许
  "doctype-style": "off",
  "void-style": "off",
  "attribute-boolean-style": "off",
  "no-trailing-whitespace": "off",
  // 主题写 role="presentation"，与 role="none" 是同一个意思
  "presentation-role-style": "off",
  // 标准只要求 id 不空、不含空白；标题的锚点是中文，脚注的是 fn:名字，主题的以 __ 开头
  "valid-id": ["error", { relaxed: true }],
  // Markdown 表格的对齐写成 style="text-align: right"；--dl-lines 是代码块的行数，
  // --dl-narrow、--dl-wide 是一段的高度；grid-area 是先修图的格子
  "no-inline-style": ["error", { allowedProperties: ["display", "text-align", "--dl-lines", "--dl-narrow", "--dl-wide", "grid-area"] }],
  // ARIA 允许给列表、表格这样的元素起名字，这条规则缺省时只认控件与地标
  "aria-label-misuse": ["error", { allowAnyNamable: true }],
};

// 主题自己的标记，改它要抄走整个模板；只放过写明的元素，别处犯同样的错照样报告
export const ALLOWED = [
  // KaTeX 排好的公式，每一笔的位置写在 style 里
  { rule: "no-inline-style", selector: /(^|> )dl-formula > / },
  // 抽屉与搜索的开关是复选框；autocomplete="off" 让 Firefox 刷新之后不记住它开着
  { rule: "valid-autocomplete", selector: /^#__(drawer|search)$/ },
  { rule: "input-attributes", selector: /^#__(drawer|search)$/ },
  // 搜索边打边出结果，配色一点就换，都没有要提交的东西
  { rule: "wcag/h32", selector: /^html > body > header > .*form$/ },
  // 导航里总是展开的栏目，tabindex 是空的；浏览器把它当作没有写
  { rule: "attribute-allowed-values", selector: /^#__nav_\w+_label$/ },
  // 自己也是一页的栏目，标签里只有箭头；名字由 site.js 补上，axe 检查补过之后的
  { rule: "unique-landmark", selector: /main > .* > nav > ul > li:nth-child\(\d+\) > nav$/ },
];
