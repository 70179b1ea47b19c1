import NeuralNetworks
import Tensors

/// A ready network as data: all that is needed to build it again, as `model.json` holds it.
public protocol NetworkDescription: Codable, Hashable, Sendable {
  /// The result of `makeModel`: `any Layer`, or a protocol that refines it.
  associatedtype Network
  /// The task of the networks.
  static var task: NetworkTask { get }
  /// The names of all kinds.
  static var kindNames: [String] { get }
  /// Which kind this is.
  var kindName: String { get }
  /// Throws a sentence where no such network can be built.
  func check() throws
  /// Builds the network, its weights drawn from `Random.current`. Throws where `check` does.
  func makeModel() throws -> Network
  /// An example input, a batch of one.
  var example: Tensor { get }
  /// The network as a layer.
  func layer(_ network: Network) -> any Layer
}

/// The task of a network.
public enum NetworkTask: String, Codable, Hashable, Sendable, CaseIterable {
  /// Images to classes.
  case image
  /// The next token of a text.
  case text
}
