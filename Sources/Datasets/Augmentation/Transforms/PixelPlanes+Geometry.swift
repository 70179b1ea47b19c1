extension PixelPlanes {
  /// Each pixel of a new image is the one that `source` says, or of this value where it says none.
  mutating func rearrange(
    height newHeight: Int, width newWidth: Int, filling fill: Float = 0,
    _ source: (_ row: Int, _ column: Int) -> (row: Int, column: Int)?
  ) {
    let places = (0..<newHeight * newWidth).map { place in
      source(place / newWidth, place % newWidth).map { $0.row * width + $0.column }
    }
    var result: [Float] = []
    result.reserveCapacity(channels * places.count)
    for channel in 0..<channels {
      for place in places { result.append(place.map { values[channel * planeSize + $0] } ?? fill) }
    }
    self = PixelPlanes(channels: channels, height: newHeight, width: newWidth, values: result)
  }

  /// Each pixel comes from as many columns and rows away as the two channels of `moves` say.
  mutating func displace(by moves: PixelPlanes) {
    resample { [width, planeSize] row, column in
      let place = row * width + column
      return (Float(column) + moves.values[place], Float(row) + moves.values[planeSize + place])
    }
  }

  /// The projective map that takes four corners to others, (x, y) each.
  ///
  /// Source: Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, section 2.2.3.
  mutating func view(corners: [SIMD2<Double>], movedTo moved: [SIMD2<Double>]) {
    // From a moved corner (x, y) back to its source: u = (a x + b y + c) / (g x + h y + 1), v with d, e, f.
    var system: [[Double]] = []
    for (from, to) in zip(moved, corners) {
      system.append([from.x, from.y, 1, 0, 0, 0, -to.x * from.x, -to.x * from.y, to.x])
      system.append([0, 0, 0, from.x, from.y, 1, -to.y * from.x, -to.y * from.y, to.y])
    }
    guard let map = Self.solution(of: system) else { return }
    resample { row, column in
      let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
      let depth = map[6] * x + map[7] * y + 1
      let (u, v) = ((map[0] * x + map[1] * y + map[2]) / depth, (map[3] * x + map[4] * y + map[5]) / depth)
      return (Float(u - 0.5), Float(v - 0.5))
    }
  }

  /// The solution of linear equations, row by row with the right side last, by elimination; `nil` where there is none.
  private static func solution(of equations: [[Double]]) -> [Double]? {
    var rows = equations
    let count = rows.count
    for pivot in 0..<count {
      guard let best = (pivot..<count).max(by: { abs(rows[$0][pivot]) < abs(rows[$1][pivot]) }),
        abs(rows[best][pivot]) > 1e-12
      else { return nil }
      rows.swapAt(pivot, best)
      for row in 0..<count where row != pivot {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in pivot...count { rows[row][column] -= factor * rows[pivot][column] }
      }
    }
    return (0..<count).map { rows[$0][count] / rows[$0][$0] }
  }

  /// Each pixel is the value, between pixels, at the place that `source` says: a column x and a row y. Outside is 0.
  private mutating func resample(_ source: (_ row: Int, _ column: Int) -> (x: Float, y: Float)) {
    let old = values
    for row in 0..<height {
      for column in 0..<width {
        let (x, y) = source(row, column)
        // Beyond this, all four pixels are outside; also where a number is not finite.
        let isNear = x > -1 && y > -1 && x < Float(width) && y < Float(height)
        let (left, top) = isNear ? (Int(x.rounded(.down)), Int(y.rounded(.down))) : (0, 0)
        let (fx, fy) = (x - Float(left), y - Float(top))
        for channel in 0..<channels {
          func value(_ row: Int, _ column: Int) -> Float {
            0..<height ~= row && 0..<width ~= column ? old[channel * planeSize + row * width + column] : 0
          }
          var result: Float = 0
          if isNear {
            let upper = value(top, left) * (1 - fx) + value(top, left + 1) * fx
            let lower = value(top + 1, left) * (1 - fx) + value(top + 1, left + 1) * fx
            result = upper * (1 - fy) + lower * fy
          }
          values[channel * planeSize + row * width + column] = result
        }
      }
    }
  }
}
