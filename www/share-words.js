// @ts-check
/** What sharing and embedding say, in both languages: whole sentences with slots. Words about a run come from the run. */

import { sayer } from './fill.js';

/** @typedef {import('./fill.js').Lang} Lang */

/** English and Japanese of each; `{x}` is a slot. */
export const WORDS = Object.freeze({
  share: ['Share', '共有'],
  embed: ['Embed', '埋め込み'],
  close: ['Close', '閉じる'],
  copy: ['Copy', 'コピー'],
  copyLink: ['Copy link', 'リンクをコピー'],
  copied: ['Copied.', 'コピーした。'],
  refused: ['This browser does not let the page copy. The text is selected: press Ctrl+C or Cmd+C.', 'このブラウザではコピーできない。選択済みの文字をCtrl+CまたはCmd+Cでコピー。'],
  linkKind: ['What the link holds', 'リンクの内容'],
  exact: ['Exact moment', 'この瞬間'],
  settingsOnly: ['Settings only', '設定だけ'],
  link: ['Link', 'リンク'],
  linkLength: ['{n} characters', '{n}文字'],
  holdsExact: ['Whoever opens it sees "{title}" with the cursor at {clock}: {changes}.', '開くと「{title}」の{clock}が見える。{changes}。'],
  holdsSettings: ['Whoever opens it sees "{title}" at its own first moment: {changes}.', '開くと「{title}」の最初の場面が見える。{changes}。'],
  holdsFile: ['No link can carry a file. Whoever opens this link sees the lesson behind it: {changes}.', 'リンクはファイルを運べない。開くと元のレッスンが見える。{changes}。'],
  changesNone: ['nothing is changed', '変更なし'],
  changesOne: ['one setting is changed ({names})', '設定1件を変更({names})'],
  changesMany: ['{n} settings are changed ({names})', '設定{n}件を変更({names})'],
  left: ['Not in the link, because it would be too long: {names}.', '長すぎるためリンクに含まれないもの: {names}。'],
  stays: ['Everything stands behind the # of the address: no server sees it. The theme is the reader’s own.', 'すべてアドレスの#の後ろにある。サーバーには送られない。テーマは読み手のもの。'],
  tabFigure: ['Figure with controls', '操作できる図'],
  tabPicture: ['Picture', '画像'],
  tabFile: ['One file', '1ファイル'],
  tabs: ['What to embed', '埋め込むもの'],
  preview: ['How it will look', '見え方'],
  width: ['Width', '幅'],
  widthOf: ['{n} px: {height} px high', '{n} px: 高さ{height} px'],
  knobs: ['What the reader can change', '読み手が変えられるもの'],
  theme: ['Theme', 'テーマ'],
  themeAuto: ['as the article', '記事に合わせる'],
  themeSystem: ['as the system', 'システムに合わせる'],
  themeLight: ['light', 'ライト'],
  themeDark: ['dark', 'ダーク'],
  snippet: ['Snippet', '埋め込みコード'],
  snippetHow: ['Paste it into the article. It loads 3 KB, and the rest when the reader comes near; without scripts the picture stays.', '記事に貼り付ける。最初は3 KBだけで、読み手が近づくと残りを読み込む。スクリプトなしでは画像が残る。'],
  loopback: ['This page is served from your own machine, which no reader can reach. Put www/ and pkg/ beside your article and write their address for {place}, or take the one file.', 'このページは自分のマシンから配信されており、読み手には届かない。www/とpkg/を記事と一緒に置き、{place}をそのアドレスにするか、1ファイルを使う。'],
  svg: ['Save as SVG', 'SVGを保存'],
  png: ['Save as PNG', 'PNGを保存'],
  pictureHow: ['The board at the cursor with its words, in light and dark.', 'カーソル位置の図と説明。ライトとダーク。'],
  alt: ['Alternative text', '代替テキスト'],
  pngFailed: ['The picture could not be drawn here. The SVG holds the same.', 'ここでは画像を描けなかった。SVGの内容は同じ。'],
  file: ['Save as one file', '1ファイルで保存'],
  fileHow: ['One HTML file with everything in it. It needs no host, no script tag and no network, and opens from a disk.', 'すべてを含む1つのHTMLファイル。ホストもスクリプトタグもネットワークも不要で、ディスクから開ける。'],
  fileFrame: ['In an article, put the file beside it and show it in a frame:', '記事では、ファイルを隣に置いてフレームで見せる:'],
  fileSize: ['{kb} KB', '{kb} KB'],
  making: ['Making it.', '作成中。'],
  fileFailed: ['The file could not be made: {message}', 'ファイルを作れなかった: {message}'],
});

const say = sayer(WORDS);

/** @param {Lang} lang @returns {(key: keyof typeof WORDS, slots?: Record<string, string | number>) => string} */
export const wordsIn = (lang) => (key, slots) => say(lang, key, slots);
