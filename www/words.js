// @ts-check
/**
 * Every label, name and message of the page itself, in both languages: whole sentences with slots. What is said about a run comes
 * from the run. What never changes but with the language is marked in the element (`say` in dom.js) and told again by `retell`.
 */

import { sayer } from './fill.js';
import { put, putAttribute } from './write.js';

/** @typedef {import('./fill.js').Lang} Lang */

/** English and Japanese of each; `{x}` is a slot. */
export const WORDS = Object.freeze({
  // the page
  skip: ['Skip to the board', '図へ移動'],
  course: ['Course', 'コース'],
  stepOf: ['{n} of {m}', '{n} / {m}'],
  next: ['Next >', '次へ >'],
  light: ['Light', 'ライト'],
  dark: ['Dark', 'ダーク'],
  otherLanguage: ['日本語', 'English'],
  undo: ['Undo', '取り消す'],
  redo: ['Redo', 'やり直す'],
  whatToChange: ['What to change', '変えるもの'],
  moreKnobs: ['{n} more', 'ほか{n}件'],
  moreSettings: [' settings', 'の設定'],
  oneLess: ['{name}: one less', '{name}を1減らす'],
  oneMore: ['{name}: one more', '{name}を1増やす'],
  refused: ['{name}: {value} is not allowed. {low} to {high}{unit}. The run still uses {old}.', '{name}: {value}は使えない。{low}〜{high}{unit}。今は{old}で実行中。'],
  nothing: ['nothing', '空'],
  // the board
  board: ['Board', '図'],
  rows: ['Rows', '行'],
  time: ['Time', '時刻'],
  timeline: ['Timeline. {headline}', 'タイムライン。{headline}'],
  stage: ['The machine at the cursor', 'カーソル位置のマシン'],
  overdue: ['overdue:', '期限切れ:'],
  moreQueued: ['{n} more in this queue', 'このキューにほか{n}個'],
  pin: ['Pin', '固定'],
  unpin: ['Unpin', '固定解除'],
  pinOf: ['Keep a row for {name}', '{name}の行を固定する'],
  unpinOf: ['No longer keep the row of {name}', '{name}の行の固定をやめる'],
  signs: ['Signs', '記号'],
  signRuns: ['runs', '動く'],
  signBlocks: ['blocks its thread', 'スレッドをブロック'],
  signReady: ['ready, waits', '実行可能、待つ'],
  signIdle: ['nothing to do', 'することがない'],
  signWait: ['the wait in question', '問題の待ち'],
  quiet: ['Quiet in this run: {names}.', 'この実行で動きなし: {names}。'],
  quietGap: [', ', '、'],
  show: ['Show', '表示'],
  hide: ['Hide', '隠す'],
  rowsMachine: ['Rows: machine', '行: マシン'],
  rowsTasks: ['Rows: tasks', '行: タスク'],
  rowsBoth: ['Rows: both', '行: 両方'],
  simulating: ['Simulating.', 'シミュレーション中。'],
  soFar: ['{n} events so far. ', '{n}イベント。'],
  cancel: ['Cancel', '中止'],
  // moving through the run
  playback: ['Playback', '再生'],
  play: ['Play', '再生'],
  pause: ['Pause', '一時停止'],
  toStart: ['To start', '先頭へ'],
  toEnd: ['To end', '末尾へ'],
  nextEvent: ['Next event', '次のイベント'],
  anyPrevious: ['Previous event of any run', 'いずれかの実行の前のイベント'],
  anyNext: ['Next event of any run', 'いずれかの実行の次のイベント'],
  previousEvent: ['Previous event', '前のイベント'],
  eventOf: ['event {n} of {m}', 'イベント{n} / {m}'],
  speed: ['Speed', '速さ'],
  speedOne: ['1 event a second', '毎秒1イベント'],
  speedMany: ['{n} events a second', '毎秒{n}イベント'],
  speedEven: ['even time', '等速'],
  secondHere: ['1 s here = {x}', '1 s = {x}'],
  findings: ['Findings', '指摘'],
  previousFinding: ['Previous finding', '前の指摘'],
  nextFinding: ['Next finding', '次の指摘'],
  findingOf: ['Finding {n} of {m}', '指摘{n} / {m}'],
  findingOfStop: ['Finding {n} of {m}. ', '指摘{n} / {m}。'],
  findingOne: ['1 finding', '指摘1件'],
  findingMany: ['{n} findings', '指摘{n}件'],
  // a part of the run
  zoom: ['Zoom', '拡大'],
  zoomIn: ['Zoom in', '拡大'],
  zoomOut: ['Zoom out', '縮小'],
  fit: ['Fit', '全体'],
  overview: ['The whole run, and the part that is shown', '実行の全体と、表示中の部分'],
  windowOf: ['From {from} to {to}', '{from}から{to}まで'],
  // the details
  why: ['Why', 'なぜ'],
  help: ['What would help?', 'どうすればよいか'],
  guessFirst: [' Guess first', ' 先に予想'],
  guess: ['Guess', '予想'],
  try: ['Try', '試す'],
  same: ['no change', '変化なし'],
  cure: ['Helps most:', '最も効く:'],
  noCure: ['Nothing that was tried helps.', '試したものに効くものはない。'],
  worse: ['worse', '悪化'],
  transcript: ['Transcript', '記録'],
  transcriptLines: ['What happened, one line for each event', '起きたこと、1行に1イベント'],
  transcriptOf: ['Lines of', '対象'],
  transcriptAll: ['all rows', 'すべての行'],
  earlier: ['Earlier', '前へ'],
  later: ['Later', '後へ'],
  atCursor: ['At the cursor', 'カーソル位置'],
  linesOf: ['{from} to {to} of {all}', '{all}行中{from}〜{to}'],
  linesNone: ['Nothing happened in this row.', 'この行では何も起きていない。'],
  // messages
  closeMessage: ['Close this message', 'このメッセージを閉じる'],
  beyondEnd: ['This link asked for a time after the end of the run; shown with {clock}.', 'リンクの時刻は実行の終わりより後なので、{clock}を表示。'],
  damagedAt: ['This link is damaged at {what}', 'リンクが壊れている({what})'],
  stillPicture: ['This is a still picture: the simulation could not be loaded here.', 'これは静止画: ここではシミュレーションを読み込めなかった。'],
  crashed: ['The simulation stopped: a mistake of ours. Your settings are safe.', 'こちらの誤りでシミュレーションが停止した。設定は残っている。'],
  reload: ['Reload figure', '図を再読込'],
  copyReport: ['Copy report', '報告をコピー'],
  linkTooLong: ['This link has {n} characters, more than the {most} that are read. Shown: the lesson as it is.', 'リンクが{n}文字で、読める{most}文字を超えている。元のレッスンを表示。'],
  linkTooNew: ['This link needs a newer Dandori. Shown: the lesson it started from.', 'このリンクには新しいDandoriが必要。元のレッスンを表示。'],
  linkDamaged: ['This link is damaged at {key}: {why}', 'リンクの{key}が壊れている: {why}'],
  badEscapes: ['it has broken % escapes.', '%の書き方が壊れている。'],
  notLesson: ['{value} is not the name of a lesson.', '{value}というレッスンはない。'],
  notWhole: ['{value} is not a whole number from 0 to {most}.', '{value}は0〜{most}の整数ではない。'],
  notView: ['{value} is not a range of two times in nanoseconds, the earlier one first.', '{value}はナノ秒の範囲(早い方が先)ではない。'],
  notPins: ['{value} is not a list of at most {most} numbers of tasks.', '{value}は最大{most}個のタスク番号の並びではない。'],
  notOneOf: ['{value} is none of {all}.', '{value}は{all}のどれでもない。'],
  notRuns: ['{value} is not a number of runs from 2 to {most}.', '{value}は2〜{most}の実行の数ではない。'],
  noSuchRun: ['there is no such run.', 'そのような実行はない。'],
  tooManyUnknown: ['it has more than {most} unknown keys.', '知らないキーが{most}個を超えている。'],
  notPath: ['this is not the path of a field.', 'これは項目のパスではない。'],
  valueTooLong: ['the value has {n} characters, at most {most} are read.', '値が{n}文字ある。読めるのは{most}文字まで。'],
  tooManyFields: ['it changes more than {most} fields.', '変更が{most}件を超えている。'],
  // a figure in an article
  askWhy: ['Why?', 'なぜ?'],
  openPage: ['Open in Dandori', 'Dandoriで開く'],
  figureOf: ['Figure: {title}', '図: {title}'],
  tooDeep: ['the value is too deep or not a number that can be written.', '値が深すぎるか、書けない数。'],
});

/** @typedef {keyof typeof WORDS} Key */

export const say = sayer(WORDS);

/** Attributes that `say` can fill. */
const SPOKEN = /** @type {const} */ (['aria-label', 'title']);

/** Says everything that is marked below a place in a language. @param {ParentNode} root @param {Lang} lang */
export function retell(root, lang) {
  for (const node of root.querySelectorAll('[data-say]')) put(node, say(lang, /** @type {Key} */ (node.getAttribute('data-say'))));
  for (const name of SPOKEN) {
    for (const node of root.querySelectorAll(`[data-say-${name}]`)) putAttribute(node, name, say(lang, /** @type {Key} */ (node.getAttribute(`data-say-${name}`))));
  }
}

const REMEMBERED = 'dandori-lang';

/** @returns {Lang} what the reader chose last, English before that */
export function rememberedLang() {
  try {
    return localStorage.getItem(REMEMBERED) === 'ja' ? 'ja' : 'en';
  } catch {
    return 'en';                                        // a page that may not store anything still works
  }
}

/** @param {Lang} lang */
export function rememberLang(lang) {
  try {
    localStorage.setItem(REMEMBERED, lang);
  } catch {
    // nothing to do: it holds for this visit
  }
}
