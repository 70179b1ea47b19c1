/// The paths of the optimizers over the contours of all surfaces, animated, with sliders for learning rate and
/// momentum. Every path on the page was computed by the engine; the sliders choose among them.
package struct SurfacePage {
  private let comparison: SurfaceComparison

  package init(_ comparison: SurfaceComparison) { self.comparison = comparison }

  /// The page's text. Throws where a surface cannot be evaluated.
  package func html() throws -> String {
    var page = Page(
      title: "Optimizers on surfaces",
      subtitle: "Each begins at the same point. The sliders choose among paths that the engine has computed.",
      script: SurfaceScript.text)
    page.section(
      "Paths",
      note:
        "The learning rate is a multiple of each optimizer's best one; the momentum is that of those that have one (β₁ of Adam).",
      [controls, "<div class=\"grid surfaces\">\(try surfaces.map(figure))</div>"])
    page.section(
      "Steps to the target",
      note:
        "Each at its best learning rate; the target, to be kept for 20 steps, is a ten-thousandth of the first value, in the noisy valley a fiftieth as the mean of 20 steps.",
      [table])
    return page.html
  }

  /// Those that were followed.
  private var surfaces: [Surface] {
    Surface.allCases.filter { surface in comparison.rows.contains { $0.surface == surface.rawValue } }
  }

  private var optimizers: [String] {
    comparison.rows.prefix { $0.surface == comparison.rows.first?.surface }.map(\.optimizer)
  }

  private var controls: HTML {
    let boxes = optimizers.enumerated().map { index, name -> HTML in
      """
      <label><input type="checkbox" class="optimizer" value="\(index)" checked>\
      <i class="k\(Palette.index(index))\(LineChart.Stroke.ofSeries(index).className)"></i>\(name)</label>
      """
    }
    let middle = SurfaceComparison.rateFactors.firstIndex(of: 1) ?? 0
    let usual = SurfaceComparison.momenta.firstIndex(of: 0.9) ?? 0
    return """
      \(SurfaceScript.style)<div class="controls"><div>\(boxes)</div><div><button id="play">Pause</button>\
      <label>step <input id="time" type="range" min="0" max="\(SurfaceComparison.trailSteps - 1)" value="0"> <output></output></label>\
      <label>learning rate <input id="rate" type="range" min="0" max="\(SurfaceComparison.rateFactors.count - 1)" value="\(middle)">\
       <output></output></label><label>momentum <input id="momentum" type="range" min="0" \
      max="\(SurfaceComparison.momenta.count - 1)" value="\(usual)"> <output></output></label></div></div>\
      \(ScriptData.element("{\"factors\":\(ScriptData.numbers(SurfaceComparison.rateFactors)),\"momenta\":\(ScriptData.numbers(SurfaceComparison.momenta))}", for: "settings"))
      """
  }

  private func figure(_ surface: Surface) throws -> HTML {
    let grid = try surface.grid()
    let (x, y) = surface.ranges
    let chart = ContourChart(
      surface.rawValue.prefix(1).uppercased() + surface.rawValue.dropFirst(), note: surface.formula, x: x, y: y,
      values: grid,
      target: surface.minimum)
    return "<div class=\"surface\">\(chart.html)\(ScriptData.element(json(surface), for: "trails"))</div>"
  }

  /// The paths of each optimizer by momentum and rate, as whole numbers: thousandths of the ranges.
  private func json(_ surface: Surface) -> String {
    let (x, y) = surface.ranges
    func number(_ value: Double, _ range: ClosedRange<Double>) -> String {
      let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return "\(Int((min(max(share, -9), 9) * 1000).rounded()))"
    }
    let trails = (comparison.trails[surface] ?? []).map { trail in
      let paths = trail.paths.map { rates in
        "["
          + rates.map { points in
            // A path ends where it has left the drawing for good.
            let shown = points.prefix { $0.x.isFinite && $0.y.isFinite && $0.x.magnitude < 1e6 && $0.y.magnitude < 1e6 }
            return "[" + shown.map { number($0.x, x) + "," + number($0.y, y) }.joined(separator: ",") + "]"
          }.joined(separator: ",") + "]"
      }
      return "{\"rate\":\(ScriptData.number(trail.bestRate)),\"paths\":[\(paths.joined(separator: ","))]}"
    }
    return "[\(trails.joined(separator: ","))]"
  }

  private var table: HTML {
    let surfaces = surfaces.map(\.rawValue)
    var table = PageTable(["optimizer"] + surfaces)
    for name in optimizers {
      table.add(
        [.init(name)]
          + surfaces.map { surface in
            guard let row = comparison.rows.first(where: { $0.surface == surface && $0.optimizer == name }) else {
              return ""
            }
            let rate = ShownNumber(row.learningRate, key: "\(surface).\(name).learningRate")
            guard let steps = row.stepsToTarget else {
              return .init("never at <span class=\"note\">\(rate)</span>" as HTML)
            }
            return .init(
              "\(ShownNumber(steps, key: "\(surface).\(name).stepsToTarget")) <span class=\"note\">at \(rate)</span>"
                as HTML)
          })
    }
    return table.html
  }
}
