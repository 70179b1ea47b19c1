/// The script and the styles of the page of surfaces.
enum SurfaceScript {
  static let style: HTML = """
    <style>.controls{position:sticky;top:0;z-index:3;background:var(--bg);border-bottom:1px solid var(--line);padding:6px 0;\
    margin-bottom:10px;font-size:14px}.controls>div{display:flex;flex-wrap:wrap;gap:2px 14px;align-items:center}\
    .controls label{display:inline-flex;align-items:center;gap:5px}.controls i{width:14px;border-top:3px solid}\
    .controls input[type=range]{width:110px}.controls output{min-width:2.6em;font-variant-numeric:tabular-nums}\
    .surface{min-width:0}.surface circle{stroke:var(--bg);stroke-width:1}\
    @media (max-width:520px){.controls input[type=range]{width:84px}}</style>
    """

  static let text =
    #"""
    (()=>{"use strict";
    const holder=document.querySelector("script.settings");if(!holder)return;
    const NS="http://www.w3.org/2000/svg",settings=JSON.parse(holder.textContent),find=id=>document.getElementById(id);
    const time=find("time"),rate=find("rate"),momentum=find("momentum"),play=find("play");
    const boxes=[...document.querySelectorAll("input.optimizer")];
    const surfaces=[...document.querySelectorAll(".surface")].map(part=>{
      const chart=JSON.parse(part.querySelector("script.contour").textContent),box=chart.box;
      const trails=JSON.parse(part.querySelector("script.trails").textContent),svg=part.querySelector("svg.box");
      const drawn=trails.map((trail,index)=>{const path=document.createElementNS(NS,"path"),dot=document.createElementNS(NS,"circle");
        const color=index%8;path.setAttribute("class","curve s"+color+[""," dash"," dot"][Math.floor(index/8)%3]);dot.setAttribute("class","f"+color);dot.setAttribute("r","4");
        svg.append(path,dot);return{trail,path,dot}});
      return{drawn,x:v=>box[0]+v/1000*(box[2]-box[0]),y:v=>box[3]-v/1000*(box[3]-box[1])}});
    let running=true,shown=0;
    const draw=()=>{const at=Number(time.value),r=Number(rate.value),m=Number(momentum.value);
      time.nextElementSibling.textContent=at;rate.nextElementSibling.textContent="× "+settings.factors[r];
      momentum.nextElementSibling.textContent=settings.momenta[m];
      for(const surface of surfaces)for(const [index,{trail,path,dot}] of surface.drawn.entries()){
        const rates=trail.paths[trail.paths.length>1?m:0],points=rates?rates[r]:[];
        const seen=boxes[index]&&boxes[index].checked&&points.length>1;
        path.style.display=dot.style.display=seen?"":"none";if(!seen)continue;
        const last=Math.min(at,points.length/2-1);let d="";
        for(let k=0;k<=last;k++)d+=(k?"L":"M")+surface.x(points[2*k]).toFixed(1)+" "+surface.y(points[2*k+1]).toFixed(1);
        path.setAttribute("d",d);dot.setAttribute("cx",surface.x(points[2*last]));dot.setAttribute("cy",surface.y(points[2*last+1]))}};
    const run=on=>{running=on;play.textContent=on?"Pause":"Play"};
    const tick=now=>{if(running&&now-shown>50){shown=now;const next=Number(time.value)+1;
      if(next>Number(time.max))run(false);else{time.value=next;draw()}}requestAnimationFrame(tick)};
    play.addEventListener("click",()=>{if(!running&&Number(time.value)>=Number(time.max))time.value=0;run(!running);draw()});
    time.addEventListener("input",()=>{run(false);draw()});
    for(const input of [rate,momentum])input.addEventListener("input",()=>{if(Number(time.value)>=Number(time.max)){time.value=0;run(true)}draw()});
    for(const box of boxes)box.addEventListener("change",draw);
    if(matchMedia("(prefers-reduced-motion: reduce)").matches){run(false);time.value=time.max}
    draw();requestAnimationFrame(tick)})();

    """#
}
