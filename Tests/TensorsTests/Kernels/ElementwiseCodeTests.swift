import CKernels
import Testing

@testable import Tensors

/// Machine code of fused elementwise kernels against the interpreter, bit by bit.
@Suite struct ElementwiseCodeTests {
  /// Whether this processor and system support machine code at all.
  static let isAvailable: Bool = {
    guard let pass = try? RandomProgram.square.load() else { return false }
    let code = ElementwiseCode(for: [pass])
    return withExtendedLifetime(code) { pass.isAssembled }
  }()
  @Test(.enabled(if: isAvailable), arguments: 0..<24)
  func givesTheInterpretersBits(seed: UInt64) throws {
    var numbers = TestNumbers(state: 0xA55E_0000 + seed)
    for round in 0..<60 { try compare(RandomProgram(using: &numbers), "seed \(seed), program \(round)") }
  }

  /// Each instruction alone on all pairs of special values.
  @Test(.enabled(if: isAvailable), arguments: RandomProgram.covered)
  func givesTheInterpretersBits(opcode: UInt8) throws {
    let numbers = RandomProgram.peculiar
    let pairs = numbers.flatMap { a in numbers.map { b in (a, b) } }
    let a = pairs.map(\.0.bitPattern)
    let b = pairs.map(\.1.bitPattern)
    let c = b.reversed() as [UInt32]
    try compare(
      RandomProgram(
        Program(
          shape: [a.count],
          inputs: (0..<3).map { View(buffer: $0, shape: [a.count], .float32) },
          outputs: [View(buffer: 3, shape: [a.count], .float32)],
          outputRegisters: [3], instructions: [.init(opcode: opcode, destination: 3, a: 0, b: 1, c: 2)],
          registerCount: 4),
        contents: [a, b, c, a], isInteger: [RandomProgram.givesIntegers(opcode)]), "instruction \(opcode)")
  }

  @Test func interpretsWhatHasNoCode() throws {
    let x: [Float] = [0, 0.5, -1, 3]
    let program = Program(
      shape: [4], inputs: [View(buffer: 0, shape: [4], .float32)], outputs: [View(buffer: 1, shape: [4], .float32)],
      outputRegisters: [1],
      instructions: [.init(opcode: UInt8(BACKPROP_SIN_F.rawValue), destination: 1, a: 0, b: 0, c: 0)], registerCount: 2)
    let (results, isAssembled) = try run(program, [x.map(\.bitPattern), [0, 0, 0, 0]], assembled: true)
    #expect(!isAssembled)
    for (x, y) in zip(x, results[1]) { #expect(abs(Float.sin(x) - Float(bitPattern: y)) < 1e-6) }
  }

  /// Forty inputs that are needed a second time, from the last to the first: too many for 32 registers.
  @Test func interpretsWhatNeedsManyRegisters() throws {
    let add = UInt8(BACKPROP_ADD_F.rawValue)
    let inputs = 40
    let up = (1..<inputs).map {
      backprop_instruction(opcode: add, destination: 40, a: $0 == 1 ? 0 : 40, b: UInt8($0), c: 0)
    }
    let down = (0..<inputs).reversed().map {
      backprop_instruction(opcode: add, destination: 40, a: 40, b: UInt8($0), c: 0)
    }
    let program = Program(
      shape: [21], inputs: (0..<inputs).map { View(buffer: $0, shape: [21], .float32) },
      outputs: [View(buffer: inputs, shape: [21], .float32)], outputRegisters: [40], instructions: up + down,
      registerCount: 41)
    let contents = (0...inputs).map { input in (0..<21).map { Float(input * $0).bitPattern } }
    let (results, isAssembled) = try run(program, contents, assembled: true)
    #expect(!isAssembled)
    #expect(results[inputs].map(Float.init(bitPattern:)) == (0..<21).map { Float(2 * 780 * $0) })
  }

  private func compare(_ random: RandomProgram, _ comment: Comment) throws {
    let (expected, _) = try run(random.program, random.contents, assembled: false)
    let (found, isAssembled) = try run(random.program, random.contents, assembled: true)
    #expect(isAssembled, comment)
    for (output, isInteger) in zip(random.program.outputs, random.isInteger) {
      let pairs = zip(expected[output.buffer], found[output.buffer])
      // Which of two NaN is returned depends on the compiler's order of operands.
      let differ = pairs.contains { a, b in
        a != b && (isInteger || !Float(bitPattern: a).isNaN || !Float(bitPattern: b).isNaN)
      }
      #expect(!differ, comment)
    }
  }

  private func run(_ program: Program, _ contents: [[UInt32]], assembled: Bool) throws -> ([[UInt32]], Bool) {
    let pass = try program.load(shared: Set(program.outputs.prefix(2).map(\.buffer)))
    let code = assembled ? ElementwiseCode(for: [pass]) : nil
    let storages = try contents.map { try Storage($0, for: "an operand") }
    let pointers = storages.map { Optional($0.pointer) }
    withExtendedLifetime((code, storages)) { pass.run(pointers) }
    let results = zip(storages, contents).map { $0.elements(count: $1.count) as [UInt32] }
    return (results, pass.isAssembled)
  }
}
/// A fused kernel over views.
struct Program {
  var shape: Shape
  var inputs: [View]
  var outputs: [View]
  var outputRegisters: [UInt8]
  var instructions: [backprop_instruction]
  var registerCount: Int

  func load(shared: Set<Int> = []) throws -> FusedKernel {
    let step = Step.fused(
      shape, inputs, outputs, registers: outputRegisters, instructions, registerCount: registerCount
    )
    return try FusedKernel(try #require(step.kernel as? FusedElementwise), step, shared: shared)
  }
}

/// A fused kernel over operands of many layouts, and their values.
struct RandomProgram {
  let program: Program
  let contents: [[UInt32]]
  /// Whether an output is int32, whose bits are all compared.
  let isInteger: [Bool]
  static let square = Program(
    shape: [4], inputs: [View(buffer: 0, shape: [4], .float32)], outputs: [View(buffer: 1, shape: [4], .float32)],
    outputRegisters: [1],
    instructions: [.init(opcode: UInt8(BACKPROP_SQUARE_F.rawValue), destination: 1, a: 0, b: 0, c: 0)], registerCount: 2
  )
  /// All but sine, cosine and powers.
  static let covered: [UInt8] = (BACKPROP_COPY.rawValue...BACKPROP_FLOAT_TO_INT.rawValue).map { UInt8($0) }
    .filter { ![BACKPROP_SIN_F, BACKPROP_COS_F, BACKPROP_POWER_F].map { UInt8($0.rawValue) }.contains($0) }
  static let peculiar: [Float] =
    [
      0, 0.5, 0.625, 0.75, 1, 2, 19, 88, 89.5, 104, 0x1p31, 3e38, .infinity, Float(bitPattern: 71362), 1e-30,
      .leastNormalMagnitude,
    ]
    .flatMap { [$0, -$0] } + [.nan]
  static func takesIntegers(_ opcode: UInt8) -> Bool {
    (BACKPROP_NEGATE_I.rawValue...BACKPROP_EQUAL_I.rawValue).contains(UInt32(opcode))
      || opcode == BACKPROP_INT_TO_FLOAT.rawValue
  }

  static func givesIntegers(_ opcode: UInt8) -> Bool {
    (BACKPROP_NEGATE_I.rawValue...BACKPROP_MINIMUM_I.rawValue).contains(UInt32(opcode))
      || opcode == BACKPROP_FLOAT_TO_INT.rawValue
  }

  init(_ program: Program, contents: [[UInt32]], isInteger: [Bool]) {
    (self.program, self.contents, self.isInteger) = (program, contents, isInteger)
  }

  init(using numbers: inout TestNumbers) {
    let sizes = [1, 2, 3, 7, 10, 16, 17, 33, 64, 100, 600]
    var shape = (0..<Int.random(in: 0...3, using: &numbers)).map { _ in sizes.randomElement(using: &numbers) ?? 1 }
    while shape.reduce(1, *) > 30_000 { shape.removeLast() }
    let count = shape.reduce(1, *)
    let inputCount =
      Bool.random(using: &numbers) ? Int.random(in: 1...4, using: &numbers) : Int.random(in: 5...20, using: &numbers)
    var contents: [[UInt32]] = []
    var inputs: [View] = []
    for buffer in 0..<inputCount {
      inputs.append(Self.view(buffer, shape, using: &numbers))
      contents.append((0..<count + 3).map { _ in Self.number(using: &numbers).bitPattern })
    }

    var isInteger = [Bool](repeating: false, count: inputCount)
    var instructions: [backprop_instruction] = []
    for _ in 0..<Int.random(in: 1...30, using: &numbers) {
      let opcode = Self.covered.randomElement(using: &numbers) ?? 0
      // Mostly recent values, as in the compiler's kernels.
      let candidates = isInteger.indices.filter { isInteger[$0] == Self.takesIntegers(opcode) }
      guard !candidates.isEmpty else { continue }
      func source(_ numbers: inout TestNumbers) -> UInt8 {
        let lately = Bool.random(using: &numbers) ? candidates.suffix(3) : candidates[...]
        return UInt8(lately.randomElement(using: &numbers) ?? 0)
      }
      instructions.append(
        .init(
          opcode: opcode, destination: UInt8(isInteger.count), a: source(&numbers), b: source(&numbers),
          c: source(&numbers)))
      isInteger.append(Self.givesIntegers(opcode))
    }
    // Some outputs are at the address of an input.
    var outputs: [View] = []
    var registers: [UInt8] = []
    var free = inputs.filter { $0.isRowMajor && $0.offset % 16 == 0 }
    for _ in 0..<Int.random(in: 1...4, using: &numbers) {
      let own = View(buffer: contents.count, shape: Shape(shape), .float32)
      if Bool.random(using: &numbers), let place = free.popLast() {
        outputs.append(place)
      } else {
        outputs.append(own)
        contents.append([UInt32](repeating: 7, count: count))
      }
      registers.append(UInt8(Int.random(in: 0..<isInteger.count, using: &numbers)))
    }
    program = Program(
      shape: Shape(shape), inputs: inputs, outputs: outputs, outputRegisters: registers, instructions: instructions,
      registerCount: isInteger.count)
    self.contents = contents
    self.isInteger = registers.map { isInteger[Int($0)] }
  }

  private static func number(using numbers: inout TestNumbers) -> Float {
    switch Int.random(in: 0...2, using: &numbers) {
    case 0: peculiar.randomElement(using: &numbers) ?? 0
    case 1: Float.random(in: -10...10, using: &numbers)
    default: Float.random(in: -1...1, using: &numbers)
    }
  }

  /// Dense (twice as often), one number, repeated along the first axes or along others, transposed.
  private static func view(_ buffer: Int, _ shape: [Int], using numbers: inout TestNumbers) -> View {
    var view = View(buffer: buffer, shape: Shape(shape), .float32)
    let kind = Int.random(in: 0...5, using: &numbers)
    var stride = 1
    for axis in shape.indices.reversed() {
      let repeats =
        switch kind {
        case 2: true
        case 3: axis < shape.count - 1
        case 4: Bool.random(using: &numbers)
        default: false
        }
      view.strides[axis] = repeats ? 0 : stride
      if !repeats { stride *= shape[axis] }
    }
    if kind == 5 {
      stride = 1
      for axis in shape.indices {
        view.strides[axis] = stride
        stride *= shape[axis]
      }
    }
    view.offset = Int.random(in: 0...2, using: &numbers)
    return view
  }
}
