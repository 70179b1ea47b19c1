/// The script of every page: what a chart's curves are at the pointer, or at the place chosen with the arrow keys.
enum PageScript {
  static let text =
    #"""
    (()=>{"use strict";
    const NS="http://www.w3.org/2000/svg";
    const short=v=>{if(v===null||v===undefined||Number.isNaN(v))return"NaN";const a=Math.abs(v);if(a===0)return"0";
    if(a>=1e6||a<1e-3)return v.toExponential(3).replace(/\.?0+e/,"e");
    if(a>=1000)return Math.round(v)===v?v.toLocaleString("en-US"):v.toFixed(1);return String(+v.toPrecision(5))};
    const number=v=>typeof v==="string"?Number(v):v;
    for(const figure of document.querySelectorAll("figure.chart")){
      const svg=figure.querySelector("svg"),source=figure.querySelector("script.curves");
      if(!svg||!source)continue;
      const data=JSON.parse(source.textContent),box=data.box,cursor=svg.querySelector(".cursor");
      const readout=figure.appendChild(document.createElement("div"));readout.className="readout";
      const log=v=>data.log?Math.log(v):v,[from,to]=data.range.map(log);
      const place=x=>box[0]+(to===from?0.5:(log(x)-from)/(to-from))*(box[2]-box[0]);
      const all=[...new Set(data.series.flatMap(s=>s.x))].sort((a,b)=>a-b);
      let at=-1;
      const hide=()=>{at=-1;readout.style.visibility=cursor.style.visibility="hidden"};
      const yLog=v=>data.yLog?Math.log(v):v,[low,high]=data.yRange.map(yLog);
      const height=y=>box[3]-(high===low?0.5:(yLog(y)-low)/(high-low))*(box[3]-box[1]);
      const show=(index,py)=>{at=Math.max(0,Math.min(all.length-1,index));const x=all[at],lines=[];
        for(const [i,s] of data.series.entries()){let best=-1;
          for(let k=0;k<s.x.length;k++)if(best<0||Math.abs(s.x[k]-x)<Math.abs(s.x[best]-x))best=k;
          if(best<0||(s.x[best]!==x&&Math.abs(place(s.x[best])-place(x))>12))continue;
          lines.push([s,number(s.y[best]),s.x[best]])}
        const px=place(x);cursor.setAttribute("x1",px);cursor.setAttribute("x2",px);cursor.style.visibility="visible";
        // Of many curves those nearest to the pointer.
        const near=py===undefined?lines:[...lines].sort((a,b)=>Math.abs(height(a[1])-py)-Math.abs(height(b[1])-py));
        const few=new Set(near.slice(0,8));
        readout.replaceChildren(`${data.x} ${short(x)}`);
        for(const [s,y] of lines.filter(l=>few.has(l))){const line=document.createElement("div"),dot=document.createElement("i");
          dot.className="k"+s.color;line.append(dot,`${s.name} ${short(y)}`);readout.append(line)}
            const rect=svg.getBoundingClientRect(),own=figure.getBoundingClientRect(),x0=rect.left-own.left+px*rect.width/svg.viewBox.baseVal.width;
        readout.style.visibility="visible";
        readout.style.left=Math.max(4,Math.min(own.width-readout.offsetWidth-4,x0+12+readout.offsetWidth>own.width?x0-12-readout.offsetWidth:x0+12))+"px";
        readout.style.top=(rect.top-own.top+8)+"px"};
      const move=event=>{const rect=svg.getBoundingClientRect();if(!rect.width||!all.length)return;
        const px=(event.clientX-rect.left)*svg.viewBox.baseVal.width/rect.width;
        if(px<box[0]-8||px>box[2]+8)return hide();
        let best=0;for(let k=1;k<all.length;k++)if(Math.abs(place(all[k])-px)<Math.abs(place(all[best])-px))best=k;
        show(best,(event.clientY-rect.top)*svg.viewBox.baseVal.height/rect.height)};
      svg.addEventListener("pointermove",move);svg.addEventListener("pointerdown",move);
      svg.addEventListener("pointerleave",hide);figure.addEventListener("blur",hide);
      figure.addEventListener("keydown",event=>{const step={ArrowLeft:-1,ArrowRight:1}[event.key];
        if(step&&all.length){event.preventDefault();show(at<0?(step>0?0:all.length-1):at+step)}else if(event.key==="Escape")hide()});
    }})();

    """#
}
