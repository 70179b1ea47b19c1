/// The style sheet of every page.
enum PageStyle {
  static let text = drawing + page

  /// What drawings need, also in a file of their own.
  static let drawing =
    """
    :root{--bg:#fff;--card:#f6f7f9;--fg:#1d2329;--mute:#5b6670;--line:#d9dee3;--grid:#e6e9ed;--link:#0b62a8;--ink:0,114,178;--shade:0,0,0;--under:var(--bg);
    \(Palette.light)}
    @media (prefers-color-scheme:dark){:root{--bg:#14181d;--card:#1c2127;--fg:#e4e8ec;--mute:#9aa6b1;--line:#343c45;
    --grid:#2a313a;--link:#7cc4f5;--ink:86,180,233;--shade:190,210,230;\(Palette.dark)}}
    svg text{fill:var(--mute);font-size:11px;font-family:inherit}
    svg .strong{fill:var(--fg)}
    svg .axis{stroke:var(--line)}
    svg .rule{stroke:var(--grid)}
    svg .rule,svg .axis{fill:none;shape-rendering:crispEdges}
    svg .curve{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
    svg .dash{stroke-dasharray:5 4}
    svg .dot{stroke-dasharray:1.5 3.5}
    svg .band{stroke:none;opacity:.18}
    svg .cursor{stroke:var(--mute);stroke-dasharray:2 3;visibility:hidden}
    \(Palette.rules)

    """

  private static let page =
    """
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%}
    body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
    "DejaVu Sans",sans-serif}
    header,main{max-width:1200px;margin:0 auto;padding:0 16px}
    header{padding-top:24px}
    h1{font-size:26px;line-height:1.2;margin:0 0 6px;overflow-wrap:anywhere}
    h2{font-size:19px;margin:36px 0 8px;padding-top:12px;border-top:1px solid var(--line)}
    h3{font-size:15px;margin:20px 0 6px}
    p{margin:6px 0 12px;max-width:80ch;overflow-wrap:anywhere}
    header p,.note,figcaption,.legend{color:var(--mute)}
    .note{font-size:14px}
    a{color:var(--link)}
    nav{display:flex;flex-wrap:wrap;gap:4px 14px;margin:10px 0 0;font-size:14px}
    main{padding-bottom:60px}
    .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:14px}
    .pair{display:flex;flex-wrap:wrap;gap:14px 24px;align-items:flex-start}
    .pair>*{min-width:0;max-width:100%}
    .pair>div{flex:1 1 340px}
    figure{--under:var(--card);margin:0;padding:10px 12px;background:var(--card);border:1px solid var(--line);border-radius:8px;min-width:0;
    position:relative}
    .wide{grid-column:1/-1;max-width:760px}
    figcaption{font-size:14px;margin-bottom:2px}
    figcaption strong{color:var(--fg);font-weight:600}
    figure>svg{display:block;width:100%;height:auto;overflow:visible}
    .chart{touch-action:pan-y;container-type:inline-size;max-width:760px}
    .chart .curve{vector-effect:non-scaling-stroke}
    @container (min-width:480px){svg text{font-size:9px}}
    @container (min-width:580px){svg text{font-size:7.4px}}
    @container (min-width:680px){svg text{font-size:6.6px}}
    .chart:focus-visible{outline:2px solid var(--link);outline-offset:2px}
    .legend{display:flex;flex-wrap:wrap;gap:0 12px;font-size:12.5px;margin:4px 0 0;max-width:none}
    .legend span{display:inline-flex;align-items:center;gap:5px;min-width:0;overflow-wrap:anywhere}
    .legend i{flex:none;width:16px;height:0;border-top:3px solid}
    .legend i.dash,.controls i.dash{border-top-style:dashed}
    .legend i.dot,.controls i.dot{border-top-style:dotted}
    .legend i.block{height:12px;border-top-width:12px;width:12px;border-radius:2px;overflow:hidden}
    .legend i.faint{border-top-width:1px;opacity:.6}
    .tiles{display:flex;flex-wrap:wrap;gap:10px}
    .tiles div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 14px;min-width:100px}
    .tiles b{display:block;font-size:21px;font-weight:600;line-height:1.25;white-space:nowrap}
    .tiles span{font-size:13px;color:var(--mute)}
    .readout{position:absolute;z-index:2;pointer-events:none;background:var(--bg);border:1px solid var(--line);
    border-radius:6px;padding:4px 8px;font-size:12px;line-height:1.4;white-space:nowrap;visibility:hidden;
    box-shadow:0 2px 8px rgba(0,0,0,.2);font-variant-numeric:tabular-nums;max-width:90%;overflow:hidden}
    .readout i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:5px;border:0;background:currentColor}
    .scroll{overflow-x:auto;max-width:100%;--edge:rgba(var(--shade),.28);
    background:linear-gradient(90deg,var(--under) 40%,transparent) 0 0/36px 100% local,
    linear-gradient(270deg,var(--under) 40%,transparent) 100% 0/36px 100% local,
    linear-gradient(90deg,var(--edge),transparent) 0 0/12px 100%,
    linear-gradient(270deg,var(--edge),transparent) 100% 0/12px 100%;background-repeat:no-repeat}
    table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;margin:4px 0 12px}
    th,td{padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}
    th{font-weight:500}
    thead th{color:var(--mute);font-weight:500;border-bottom-color:var(--line)}
    td.num,th.num{text-align:right}
    td.num{white-space:nowrap}
    tbody th{min-width:5em;max-width:26em;overflow-wrap:break-word}
    tbody th:has(code){min-width:15em}
    .lines th,.lines td{white-space:nowrap;max-width:22em;overflow:hidden;text-overflow:ellipsis}
    .lines tbody th{min-width:0}
    table.cells{border-collapse:separate;border-spacing:0;font-size:12px;margin:2px 0 0}
    .cells th,.cells td{padding:2px 4px;border:0;border-right:1px solid var(--grid);border-bottom:1px solid var(--grid)}
    .cells td{min-width:30px;height:28px;text-align:center;vertical-align:middle;background:rgba(var(--ink),var(--share,0))}
    .cells.small td{min-width:22px;height:22px;padding:1px 2px}
    .cells.small{font-size:11px}
    .cells .same{box-shadow:inset 0 0 0 1px var(--line)}
    .cells thead th{text-align:center;vertical-align:bottom}
    .cells.upright thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11em;overflow:hidden;
    text-overflow:ellipsis;white-space:nowrap;display:inline-block}
    .cells tbody th,.cells thead th:first-child{position:sticky;left:0;z-index:1;background:var(--card);text-align:right;
    max-width:15em;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;vertical-align:middle}
    .cells thead th:first-child{vertical-align:bottom;font-size:11px}
    .bar{display:block;height:4px;border-radius:2px;background:var(--grid);min-width:70px;margin-top:2px}
    .bar b{display:block;height:4px;border-radius:2px;background:var(--c0)}
    .pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(var(--picture,96px),1fr));gap:10px}
    .pictures figure{padding:6px}
    .pictures figcaption{font-size:12px;line-height:1.35;margin:4px 0 0;overflow-wrap:anywhere}
    img{display:block;max-width:100%}
    .pictures img{width:100%;height:auto}
    img.pixels,svg image{image-rendering:pixelated}
    pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px;font-size:13px;line-height:1.45;
    white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0 12px}
    code{font-size:.93em}
    details{margin:8px 0}
    summary{cursor:pointer;color:var(--link)}
    button,input,select{font:inherit;color:inherit;accent-color:var(--c0)}
    button{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:4px 12px;cursor:pointer}
    button:disabled{opacity:.5;cursor:default}
    @media (max-width:520px){h1{font-size:22px}header,main{padding-left:12px;padding-right:12px}figure{padding:8px}
    .pictures{--picture:108px!important}table{font-size:13px}th,td{padding-right:9px}.bar{min-width:40px}
    .cells tbody th,.cells thead th:first-child{max-width:9em}.cells td{min-width:23px;padding:2px 1px;font-size:11px}
    td code,th code{font-size:12px}}
    @media print{figure{break-inside:avoid}nav{display:none}}
    """
}
