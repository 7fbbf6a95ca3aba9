// All words of the page, in English and Chinese; `{0}` stands for a value.

const TABLE = {
  file: ["File", "文件"],
  new: ["New", "新建"],
  newTip: ["Begin with a spec that netspec ships", "从自带的网络开始"],
  open: ["Open", "打开"],
  openTip: ["Open a spec of the folder (Ctrl+O)", "打开文件夹中的文件 (Ctrl+O)"],
  save: ["Save", "保存"],
  saveTip: ["Save (Ctrl+S)", "保存 (Ctrl+S)"],
  insert: ["Insert", "插入"],
  insertTip: ["Insert a layer at the cursor (Ctrl+I)", "在光标处插入一层 (Ctrl+I)"],
  languageTip: ["中文", "English"],
  otherLanguage: ["中文", "EN"],
  theme: ["Light or dark", "浅色或深色"],
  keys: ["Keys", "快捷键"],
  panes: ["Parts of the page", "页面的各部分"],
  text: ["Text", "文本"],
  picture: ["Picture", "网络图"],
  training: ["Training", "训练"],
  splitter: ["Width of the text", "文本的宽度"],
  search: ["Search: name, type, argument", "搜索:名称、类型、参数"],
  sizes: ["Sizes", "尺寸"],
  sizesTip: ["Slide the sizes of the input, and see which layers break", "拖动输入的尺寸,看哪些层会出错"],
  foldAll: ["Fold all", "全部折叠"],
  unfoldAll: ["Unfold all", "全部展开"],
  smaller: ["Smaller", "缩小"],
  larger: ["Larger", "放大"],
  fit: ["Fit", "适应"],
  network: ["The network", "网络"],
  findings: ["What was found (F8: the next one)", "检查结果 (F8:下一个)"],
  suggestion: [" (suggestion)", "(建议)"],
  fixTip: ["This fix was checked: it resolves the error and breaks nothing else", "此修复已经检查:它解决该错误,且不影响其他部分"],
  right: ["No errors", "没有错误"],
  errors: ["{0} errors", "{0} 个错误"],
  oneError: ["1 error", "1 个错误"],
  warnings: ["{0} warnings", "{0} 个警告"],
  oneWarning: ["1 warning", "1 个警告"],
  stale: ["The picture is that of the last text that could be drawn: {0}", "图中是上一份可以画出的文本:{0}"],
  lost: ["The server has ended: start netspec edit again. The text is still here.", "服务器已停止:请重新运行 netspec edit。文本仍在此处。"],
  saved: ["{0} is saved", "已保存 {0}"],
  unsaved: ["not saved", "未保存"],
  cannot: ["That did not work: {0}", "没有成功:{0}"],
  changedTitle: ["{0} was changed by another program", "{0} 已被其他程序修改"],
  changedText: [
    "It is no longer the text that you opened. Nothing is lost yet: choose which text stays.",
    "它不再是您打开时的文本。目前没有丢失任何内容:请选择保留哪一份。",
  ],
  existsTitle: ["There is a file {0} already", "已有文件 {0}"],
  goneTitle: ["{0} was removed by another program", "{0} 已被其他程序删除"],
  theirs: ["Take the text of the file", "采用文件中的文本"],
  mine: ["Write mine over it", "用我的文本覆盖"],
  again: ["Write it again", "重新写入"],
  cancel: ["Cancel", "取消"],
  discardTitle: ["{0} is not saved", "{0} 尚未保存"],
  discardText: ["Save it first, or go on without?", "先保存,还是放弃修改?"],
  discard: ["Go on without saving", "不保存"],
  nameTitle: ["Name of the new file", "新文件的名称"],
  create: ["Create", "创建"],
  choose: ["Choose", "选择"],
  filter: ["Type to narrow the list", "输入以筛选"],
  nothing: ["nothing found", "没有找到"],
  empty: ["An empty spec", "空白文件"],
  close: ["Close", "关闭"],
  asWritten: ["As the text says", "恢复为文本中的尺寸"],
  asking: ["a moment …", "请稍候……"],
  noSizes: ["no size makes it right: something else is wrong", "没有合适的尺寸:问题在别处"],
  tried: ["Another input than the text has is tried", "正在尝试与文本不同的输入"],
  train: ["Train", "训练"],
  trainTip: ["Save the spec, then train it (Ctrl+Enter)", "保存并开始训练 (Ctrl+Enter)"],
  stop: ["Stop", "停止"],
  resume: ["Resume", "继续"],
  epochs: ["epochs", "轮数"],
  asInSpec: ["as in the spec", "按文本"],
  foldRuns: ["Hide the runs", "隐藏训练记录"],
  unfoldRuns: ["Show the runs", "显示训练记录"],
  runs: ["Runs", "训练记录"],
  log: ["What the command says", "命令输出"],
  noRuns: ["no run so far", "还没有训练记录"],
  starting: ["starting", "启动中"],
  running: ["running", "训练中"],
  finished: ["finished", "已完成"],
  stoppedEarly: ["stopped early", "提前停止"],
  interrupted: ["interrupted", "已中断"],
  failed: ["failed", "失败"],
  failedTip: ["{0} did not train: see what the command says", "{0} 没有训练成功:请看命令输出"],
  epoch: ["epoch {0}", "第 {0} 轮"],
  compareWith: ["Compare {0}", "比较 {0}"],
  predictTip: ["Drop a picture, a table or a text here, or choose one: the run says what it sees", "把图片、表格或文本拖到这里,或选择文件:让它预测"],
  sees: ["{0}: {1}", "{0}:{1}"],
  scores: ["Scores and mistakes", "成绩与错误"],
  mistakes: ["The worst mistakes", "最严重的错误"],
  confusion: ["Confusion matrix: rows are true classes, columns predicted ones", "混淆矩阵:行为真实类别,列为预测类别"],
  keyRows: [
    "Ctrl+S save · Ctrl+O open · Ctrl+I insert a layer · Ctrl+Enter train · F6 the next part of the page\nIn the text: Ctrl+Space complete · F8 next finding · Ctrl+Shift+M all findings · F12 where a name comes from · F2 rename · Shift+Alt+F format · Ctrl+F find\nIn the picture: arrows walk · Enter or double click folds · x all copies · e c unfold, fold all · + − 0 size · / search · n next error",
    "Ctrl+S 保存 · Ctrl+O 打开 · Ctrl+I 插入层 · Ctrl+Enter 训练 · F6 页面的下一部分\n文本中:Ctrl+Space 补全 · F8 下一个问题 · Ctrl+Shift+M 全部问题 · F12 转到定义 · F2 重命名 · Shift+Alt+F 格式化 · Ctrl+F 查找\n图中:方向键移动 · Enter 或双击折叠 · x 全部副本 · e c 全部展开、折叠 · + − 0 缩放 · / 搜索 · n 下一个错误",
  ],
  takes: ["takes", "输入"],
  gives: ["gives", "输出"],
  parameters: ["parameters", "参数"],
  MACs: ["MACs", "乘加次数"],
  unknown: ["unknown", "未知"],
  weights: ["weights", "权重"],
  shared: ["of an earlier layer", "与前面的层共用"],
  spec: ["spec", "位置"],
  line: ["line", "行"],
  repeat: ["repeat", "重复"],
} satisfies Record<string, [string, string]>;

export type Key = keyof typeof TABLE;
export type Language = "en" | "zh";

const LANGUAGES: Language[] = ["en", "zh"];
const KEPT = "netspec.language";

export let language: Language = first();

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  return kept === "en" || kept === "zh" ? kept : navigator.language.startsWith("zh") ? "zh" : "en";
}

/** A text in the language of the page. */
export function t(key: Key, ...values: (string | number)[]): string {
  return TABLE[key][LANGUAGES.indexOf(language)]!.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)]));
}

const listeners: (() => void)[] = [];

/** Calls a function now and after each change of the language. */
export function translated(listener: () => void): void {
  listeners.push(listener);
  listener();
}

export function changeLanguage(): void {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem(KEPT, language);
  for (const listener of listeners) listener();
}

const ATTRIBUTES = {tTitle: "title", tLabel: "aria-label", tPlaceholder: "placeholder"} as const;

/** Fills the elements that name a text: `data-t` their content, `data-t-title`, `-label`, `-placeholder` an attribute. */
export function fill(root: ParentNode): void {
  for (const each of root.querySelectorAll<HTMLElement>("[data-t],[data-t-title],[data-t-label],[data-t-placeholder]")) {
    if (each.dataset.t) each.textContent = t(each.dataset.t as Key);
    for (const [key, attribute] of Object.entries(ATTRIBUTES))
      if (each.dataset[key]) each.setAttribute(attribute, t(each.dataset[key] as Key));
  }
}
