import NeuralNetworks
import Testing

@testable import Tensors

/// A loss, an activation or a layer with PyTorch's results, in double precision; as a `SequenceCase` with settings by name.
struct ModuleCase: Decodable, Sendable, CustomTestStringConvertible {
  enum Setting: Decodable, Sendable {
    case flag(Bool)
    case number(Double)
    case text(String)
    case numbers([Double])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .numbers(try container.decode([Double].self))
      }
    }
  }

  let results: SequenceCase
  private let settings: [String: Setting]
  private enum CodingKeys: CodingKey { case settings }

  init(from decoder: any Decoder) throws {
    results = try SequenceCase(from: decoder)
    settings = try decoder.container(keyedBy: CodingKeys.self).decode([String: Setting].self, forKey: .settings)
  }

  var layer: String { results.layer }
  var testDescription: String { results.testDescription }

  static func all(in file: String) throws -> [ModuleCase] {
    struct Content: Decodable { var cases: [ModuleCase] }
    return try fixture("Layers/\(file)", as: Content.self).cases
  }

  func number(_ name: String) -> Double? { if case .number(let value) = settings[name] { value } else { nil } }
  func flag(_ name: String) -> Bool { if case .flag(true) = settings[name] { true } else { false } }
  func text(_ name: String) -> String? { if case .text(let value) = settings[name] { value } else { nil } }
  func numbers(_ name: String) -> [Double]? { if case .numbers(let values) = settings[name] { values } else { nil } }
  func needed(_ name: String) throws -> Double { try #require(number(name), "\(testDescription) lacks '\(name)'") }
}
