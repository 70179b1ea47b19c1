import NeuralNetworks
import Tensors

/// A ready network as data: all that is needed to build it again, as `model.json` holds it.
public protocol NetworkDescription: Codable, Hashable, Sendable {
  /// The result of `makeModel`: `any Layer`, or a protocol that refines it.
  associatedtype Network
  /// The task of the networks.
  static var task: NetworkTask { get }
  /// The names of all kinds of networks that can be described, such as `cnn`.
  static var kindNames: [String] { get }
  /// The name of the kind of network that this describes.
  var kindName: String { get }
  /// Throws a sentence where no such network can be built.
  func check() throws
  /// Builds the network, its weights drawn from `Random.current`. Throws where `check` does.
  func makeModel() throws -> Network
  /// An example input, a batch of one.
  var example: Tensor { get }
  /// The network that `makeModel` built, as a layer.
  func layer(_ network: Network) -> any Layer
}

/// What a ready network is for.
public enum NetworkTask: String, Codable, Hashable, Sendable, CaseIterable {
  /// Images to classes.
  case image
  /// The next token of a text.
  case text
  /// A column of a table from the others.
  case table
}
