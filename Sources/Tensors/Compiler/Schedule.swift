/// The order in which instructions run, and which elementwise ones are fused into one kernel.
///
/// Each instruction has a depth: one more than its inputs' for those that read whole arrays, the inputs' own for
/// elementwise ones. A path through anything but elementwise operations goes deeper, so elementwise instructions of one
/// depth and one shape can be fused without a cycle. Instructions are then moved as late as their users allow, so
/// that what only the backward pass needs is computed there, in the kernel that uses it. Only those that begin something
/// that goes on in the background stay as early as they can be, and those that wait for its end follow all of them.
struct Schedule {
  /// An instruction with a kernel of its own, or elementwise ones over one shape, in order.
  private(set) var units: [[Int]] = []

  /// Limits of one fused kernel, so that its registers suffice: inputs and instructions together stay below 64.
  private static let mostInputs = 24
  private static let mostInstructions = 32

  init(_ ir: IR) {
    let instructions = ir.instructions
    let (roots, users) = (ir.roots, ir.users())
    let isFused = instructions.map { ir.fusedInstruction($0) != nil }
    var depth = [Int](repeating: 0, count: instructions.count)
    let needed = instructions.indices.filter { index in
      instructions[index].outputs.contains { roots.contains($0) || !users[$0].isEmpty }
    }
    // The greatest depth of an early operation so far.
    var lastEarly = 0
    for index in needed {
      var inputs = instructions[index].inputs.map { depth[ir.producer[$0]] }.max() ?? 0
      if instructions[index].op.timing == .afterEarly { inputs = max(inputs, lastEarly) }
      depth[index] = isFused[index] ? inputs : inputs + 1
      if instructions[index].op.timing == .early { lastEarly = max(lastEarly, depth[index]) }
    }
    for index in needed.reversed()
    where instructions[index].op.timing != .early && !instructions[index].outputs.contains(where: roots.contains) {
      let latest = instructions[index].outputs.flatMap { users[$0] }.map { isFused[$0] ? depth[$0] : depth[$0] - 1 }
        .min()
      depth[index] = max(depth[index], latest ?? 0)
    }

    for (_, level) in Dictionary(grouping: needed, by: { depth[$0] }).sorted(by: { $0.key < $1.key }) {
      units += level.filter { !isFused[$0] }.map { [$0] } + Schedule.groups(level.filter { isFused[$0] }, ir)
    }
  }

  /// Splits the elementwise instructions of a level by shape, then into connected groups.
  private static func groups(_ level: [Int], _ ir: IR) -> [[Int]] {
    var byShape: [Shape: [Int]] = [:]
    for index in level { byShape[ir.types[ir.instructions[index].firstOutput].shape, default: []].append(index) }
    // A shape that broadcasts to another has fewer sizes other than 1, or fewer axes: those kernels come first.
    func order(_ shape: Shape) -> (Int, Int) { (shape.count { $0 != 1 }, shape.rank) }
    let shapes = byShape.sorted { a, b in
      order(a.key) == order(b.key) ? (a.value.first ?? 0) < (b.value.first ?? 0) : order(a.key) < order(b.key)
    }
    return shapes.flatMap { connected($0.value, ir).flatMap { split($0, ir) } }
  }

  /// Sets of instructions that share a value, not counting constants.
  private static func connected(_ members: [Int], _ ir: IR) -> [[Int]] {
    var parent: [Int: Int] = [:]
    func root(_ index: Int) -> Int {
      var index = index
      while let next = parent[index], next != index { index = next }
      return index
    }
    var owner: [Int: Int] = [:]
    for index in members {
      parent[index] = index
      let instruction = ir.instructions[index]
      for value in instruction.inputs + [instruction.firstOutput] {
        if ir.types[value].shape.elementCount == 1, value != instruction.firstOutput { continue }
        if let other = owner[value] {
          let (a, b) = (root(other), root(index))
          parent[max(a, b)] = min(a, b)
        } else {
          owner[value] = index
        }
      }
    }
    return Dictionary(grouping: members, by: root).sorted { $0.key < $1.key }.map(\.value)
  }

  private static func split(_ group: [Int], _ ir: IR) -> [[Int]] {
    var result: [[Int]] = []
    var current: [Int] = []
    var made = Set<Int>()
    var read = Set<Int>()
    for index in group {
      let instruction = ir.instructions[index]
      let reads = read.union(instruction.inputs.filter { !made.contains($0) })
      if reads.count > mostInputs || current.count == mostInstructions {
        result.append(current)
        (current, made, read) = ([], [], Set(instruction.inputs))
      } else {
        read = reads
      }
      current.append(index)
      made.insert(instruction.firstOutput)
    }
    return result + [current]
  }
}
