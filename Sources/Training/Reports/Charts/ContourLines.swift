/// Lines along which a function on a grid has the same value.
///
/// Marching squares: each square of the grid is crossed where its corners lie on both sides of the level, at the place
/// that linear interpolation gives; where all four sides are crossed, the mean of the corners decides. Source: Lorensen &
/// Cline, "Marching Cubes", SIGGRAPH 1987, in two dimensions.
struct ContourLines {
  /// A side of a square: from a point of the grid to its right or to the one below.
  private struct Side: Hashable {
    var row: Int
    var column: Int
    var isVertical: Bool
  }

  private let values: [[Double]]

  /// `values` by rows of equal length; what is not finite is crossed by no line.
  init(_ values: [[Double]]) { self.values = values }

  /// The lines of a level, as places (column, row) in the grid, from 0 on.
  func lines(at level: Double) -> [[(x: Double, y: Double)]] {
    // A side belongs to at most two squares, so each has at most two neighbors.
    var neighbors: [Side: [Side]] = [:]
    for row in values.indices.dropLast() {
      for column in 0..<max(min(values[row].count, values[row + 1].count) - 1, 0) {
        for (from, to) in crossings(row, column, level) {
          neighbors[from, default: []].append(to)
          neighbors[to, default: []].append(from)
        }
      }
    }
    var lines: [[(x: Double, y: Double)]] = []
    var visited: Set<Side> = []
    // Lines with ends first, then the closed ones.
    let sides = neighbors.keys.sorted {
      ($0.row, $0.column, $1.isVertical ? 1 : 0) < ($1.row, $1.column, $0.isVertical ? 1 : 0)
    }
    for first in sides.filter({ neighbors[$0]?.count == 1 }) + sides where !visited.contains(first) {
      var line: [Side] = [first]
      visited.insert(first)
      while let next = neighbors[line[line.count - 1]]?.first(where: { !visited.contains($0) }) {
        visited.insert(next)
        line.append(next)
      }
      if line.count > 2, neighbors[line[line.count - 1]]?.contains(first) == true { line.append(first) }
      lines.append(line.map { place($0, level) })
    }
    return lines
  }

  private func crossings(_ row: Int, _ column: Int, _ level: Double) -> [(Side, Side)] {
    let corners = [
      values[row][column], values[row][column + 1], values[row + 1][column + 1], values[row + 1][column],
    ]
    guard corners.allSatisfy(\.isFinite) else { return [] }
    let sides = [
      Side(row: row, column: column, isVertical: false), Side(row: row, column: column + 1, isVertical: true),
      Side(row: row + 1, column: column, isVertical: false), Side(row: row, column: column, isVertical: true),
    ]
    let isAbove = corners.map { $0 >= level }
    let crossed = (0..<4).filter { isAbove[$0] != isAbove[($0 + 1) % 4] }
    guard crossed.count == 4 else {
      return crossed.count == 2 ? [(sides[crossed[0]], sides[crossed[1]])] : []
    }
    let isMiddleAbove = corners.reduce(0) { $0 + $1 / 4 } >= level
    // The lines cut off the corners that are not on the side of the middle.
    return isAbove[0] == isMiddleAbove
      ? [(sides[0], sides[1]), (sides[2], sides[3])] : [(sides[0], sides[3]), (sides[1], sides[2])]
  }

  private func place(_ side: Side, _ level: Double) -> (x: Double, y: Double) {
    let from = values[side.row][side.column]
    let to = side.isVertical ? values[side.row + 1][side.column] : values[side.row][side.column + 1]
    let share = to == from ? 0.5 : min(max((level - from) / (to - from), 0), 1)
    let (x, y) = (Double(side.column), Double(side.row))
    return side.isVertical ? (x, y + share) : (x + share, y)
  }
}
