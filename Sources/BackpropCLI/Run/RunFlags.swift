import Backprop

/// The resolved flags of a run by their names, as in `run.json`: those that were given, and the defaults of the others.
struct RunFlags: Codable, Equatable {
  enum Value: Codable, Equatable, CustomStringConvertible {
    case integer(Int)
    case number(Double)
    case text(String)
    case texts([String])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Int.self) {
        self = .integer(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let values = try? container.decode([String].self) {
        self = .texts(values)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .integer(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .texts(let values): try container.encode(values)
      }
    }

    var description: String {
      switch self {
      case .integer(let value): "\(value)"
      // As it is read back from a file: 1 and not 1.0.
      case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
      case .text(let value): value
      case .texts(let values): values.joined(separator: ", ")
      }
    }
  }

  private var values: [String: Value] = [:]

  init() {}
  init(from decoder: any Decoder) throws { values = try decoder.singleValueContainer().decode([String: Value].self) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }

  /// All flags by name, as text.
  var all: [String: String] { values.mapValues { "\($0)" } }

  subscript(name: String) -> Value? {
    get { values[name] }
    set { values[name] = newValue }
  }
}

/// The value of a flag.
protocol FlagValue: Equatable {
  var asFlag: RunFlags.Value { get }
  init?(_ flag: RunFlags.Value)
}

extension Int: FlagValue {
  var asFlag: RunFlags.Value { .integer(self) }
  init?(_ flag: RunFlags.Value) {
    guard case .integer(let value) = flag else { return nil }
    self = value
  }
}

extension Double: FlagValue {
  var asFlag: RunFlags.Value { .number(self) }
  init?(_ flag: RunFlags.Value) {
    switch flag {
    case .integer(let value): self = Double(value)
    case .number(let value): self = value
    case .text, .texts: return nil
    }
  }
}

extension String: FlagValue {
  var asFlag: RunFlags.Value { .text(self) }
  init?(_ flag: RunFlags.Value) {
    guard case .text(let value) = flag else { return nil }
    self = value
  }
}

extension [String]: FlagValue {
  var asFlag: RunFlags.Value { .texts(self) }
  init?(_ flag: RunFlags.Value) {
    guard case .texts(let values) = flag else { return nil }
    self = values
  }
}

/// Resolves the options of a training: for a new run each is the given value or its default; for a resumed run it is
/// the run's, and another value is an error.
struct ResolvedOptions {
  /// The resumed run, `nil` for a new one.
  let record: RunRecord?
  /// The defaults of a new run from the record of another one.
  private let configuration: RunFlags?
  /// Whether the length of a training is taken from there: not where one was given.
  var takesLength = true
  /// The flags resolved so far.
  private(set) var flags = RunFlags()

  init(_ record: RunRecord?, configuration: RunFlags? = nil) {
    self.record = record
    self.configuration = configuration
  }

  private static let lengths: Set = ["epochs", "steps", "minutes"]

  /// The value of a flag in the configuration.
  private func configured<Value: FlagValue>(_ name: String) throws -> Value? {
    guard takesLength || !Self.lengths.contains(name) else { return nil }
    return try configuration?[name].map { flag in
      guard let value = Value(flag) else {
        throw RequestError("--config: its file has '\(flag)' as \(name), which cannot be")
      }
      return value
    }
  }

  mutating func resolve<Value: FlagValue>(_ name: String, _ value: inout Value?, default defaultValue: Value? = nil)
    throws
  {
    if let record {
      let own = try record.flags[name].map { flag in
        guard let own = Value(flag) else {
          throw RequestError("run.json has '\(flag)' as \(name), which cannot be; train anew without --resume")
        }
        return own
      }
      if let value, value != own {
        let has = own.map { "has \($0.asFlag)" } ?? "was begun without it"
        throw RequestError(
          "--\(name) \(value.asFlag) contradicts the run, which \(has); leave it out to continue, or train anew without --resume"
        )
      }
      value = own
    } else {
      value = try value ?? configured(name) ?? (hasConfiguredLength(name) ? nil : defaultValue)
    }
    flags[name] = value?.asFlag
  }

  /// A flag without a value: `yes` in the record of a run that was given it.
  mutating func resolve(_ name: String, _ isGiven: inout Bool) throws {
    var value = isGiven ? "yes" : nil
    try resolve(name, &value)
    isGiven = value == "yes"
  }

  /// Whether the configuration has another length than this one, so that there is no default of it.
  private func hasConfiguredLength(_ name: String) -> Bool {
    takesLength && Self.lengths.contains(name) && Self.lengths.contains { configuration?[$0] != nil }
  }

  /// Replaces the value of a flag that was resolved.
  mutating func replace(_ name: String, with value: some FlagValue) { flags[name] = value.asFlag }

  /// Resolves the length of the training: with a schedule that does not depend on it, a run can be extended.
  mutating func resolveLength(_ name: String, _ value: inout Int?, default defaultLength: Int? = nil) throws {
    if let record, let given = value, case .integer(let own)? = record.flags[name], given > own {
      guard record.flags["schedule"] == .text(ScheduleName.constant.rawValue) else {
        let schedule = record.flags["schedule"].map { "\($0)" } ?? "its schedule"
        throw RequestError(
          "the run's learning rate follows '\(schedule)' to the end of its \(own) \(name), so it cannot be made longer; "
            + "train anew with --\(name) \(given), or with --schedule constant, which can")
      }
      flags[name] = given.asFlag
      return
    }
    try resolve(name, &value, default: defaultLength)
  }
}
