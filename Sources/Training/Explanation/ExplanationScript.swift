/// The script and the styles of the page of a step.
enum ExplanationScript {
  static let style: HTML = """
    <style>.explain .controls{display:flex;flex-wrap:wrap;gap:8px;align-items:center}.explain #place{flex:1 1 120px}\
    .explain svg{max-width:760px;margin:0 auto}.explain .unit circle{fill:var(--bg);stroke:var(--mute);stroke-width:1.5}\
    .explain .value{font-size:12px;fill:var(--fg);paint-order:stroke;stroke:var(--card);stroke-width:4px}\
    .explain .edge{cursor:pointer}.explain .edge .hit{stroke:transparent;stroke-width:14}.explain .edge.off line:not(.hit){opacity:.25}\
    .explain .unit.off circle{stroke-opacity:.35}.explain .unit.off text,.explain .label.off{fill-opacity:.5}\
    .explain .label{pointer-events:none}\
    .explain .on circle{stroke:var(--c4);stroke-width:3}.explain .edge.on line:not(.hit){stroke-width:4}\
    .explain #title{font-weight:600;margin-bottom:4px}\
    .explain #lines code{display:block;overflow-wrap:anywhere;white-space:pre-wrap;font-size:13px;line-height:1.6}\
    @media (max-width:520px){.explain svg .strong{font-size:18px}.explain .unit .value{font-size:19px;\
    transform:translateY(7px)}.explain .label{font-size:19px}.explain .label.off{display:none}}</style>
    """

  static let text =
    #"""
    (()=>{"use strict";
    const source=document.querySelector("script.explain");if(!source)return;
    const data=JSON.parse(source.textContent),find=id=>document.getElementById(id),last=data.steps.length-1;
    const back=find("back"),next=find("next"),range=find("place"),title=find("title"),lines=find("lines"),weight=find("weight"),
      net=find("net");
    let at=0;
    const write=texts=>lines.replaceChildren(...texts.map(text=>{const line=document.createElement("code");
      line.textContent=text;return line}));
    const light=ids=>{const on=new Set(ids);for(const part of net.querySelectorAll(".unit,.edge,.label")){
      const is=on.has(part.id.replace("l-",""));part.classList.toggle("on",is);part.classList.toggle("off",!is)}};
    const show=index=>{at=Math.max(0,Math.min(last,index));weight.value="";
      for(const value of net.querySelectorAll(".value"))value.textContent="";
      for(const step of data.steps.slice(0,at+1))for(const [id,text] of Object.entries(step.show)){
        const value=find("l-"+id)||find(id).querySelector(".value");if(value)value.textContent=text}
      const step=data.steps[at];title.textContent=`${at+1} of ${last+1}: ${step.title}`;write(step.lines);light(step.active);
      range.value=at;back.disabled=at===0;next.disabled=at===last};
    const chain=id=>{const one=data.weights.find(w=>w.id===id);if(!one)return show(at);
      weight.value=id;const later=data.units.filter(u=>u.id===one.to||u.layer>one.layer);
      const between=data.weights.filter(w=>w.layer===one.layer+1&&w.from===one.to||w.layer>one.layer+1);
      title.textContent=`the chain of factors of ∂E/∂${one.name}`;
      write([one.line,...later.flatMap(u=>u.lines)]);
      light([one.id,one.from,...later.map(u=>u.id),...between.map(w=>w.id)])};
    back.addEventListener("click",()=>show(at-1));next.addEventListener("click",()=>show(at+1));
    range.addEventListener("input",()=>show(Number(range.value)));
    weight.addEventListener("change",()=>chain(weight.value));
    for(const edge of net.querySelectorAll(".edge"))edge.addEventListener("click",()=>chain(edge.id));
    document.addEventListener("keydown",event=>{if(event.target.closest("input,select,[tabindex]"))return;
      const step={ArrowLeft:-1,ArrowRight:1}[event.key];if(step){event.preventDefault();show(at+step)}});
    show(0)})();

    """#
}
