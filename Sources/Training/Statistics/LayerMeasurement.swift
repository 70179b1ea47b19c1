import NeuralNetworks

/// Adds up what is measured of single parameters to layers.
struct LayerMeasurement {
  private let names: [String]
  /// All parameters of the model, and the layer of each.
  private let parameters: [(parameter: Parameter, layer: Int)]
  private let layers: [ObjectIdentifier: Int]

  /// Walks the model once; a step's numbers are then added without that.
  init(_ model: any Layer) {
    var names: [String] = []
    var places: [String: Int] = [:]
    parameters = model.parameters.map { name, parameter in
      let layer = Self.layer(ofParameter: name)
      if places[layer] == nil {
        places[layer] = names.count
        names.append(layer)
      }
      return (parameter, places[layer] ?? 0)
    }
    self.names = names
    layers = Dictionary(parameters.map { (ObjectIdentifier($0.parameter), $0.layer) }) { first, _ in first }
  }

  /// The path of the layer that has a parameter of this name; that itself where it is part of none.
  static func layer(ofParameter name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// The layers with trainable parameters. `gradientNorms` are `Gradients.norms`, `changes` those of `optimizer`.
  func statistics(
    gradientNorms: [Double], changes: [Double]?, optimizer: any Optimizer
  ) -> [LayerStatistics] {
    var squares = [Double](repeating: 0, count: names.count)
    var isTrained = [Bool](repeating: false, count: names.count)
    for (index, entry) in parameters.lazy.filter(\.parameter.isTrainable).enumerated()
    where index < gradientNorms.count {
      squares[entry.layer] += gradientNorms[index] * gradientNorms[index]
      isTrained[entry.layer] = true
    }
    let ratios = ratios(changes, optimizer)
    return names.indices.filter { isTrained[$0] }.map { layer in
      LayerStatistics(name: names[layer], gradientNorm: squares[layer].squareRoot(), updateRatio: ratios[layer])
    }
  }

  private func ratios(_ changes: [Double]?, _ optimizer: any Optimizer) -> [Double?] {
    var ratios = [Double?](repeating: nil, count: names.count)
    guard let changes, let trained = (optimizer as? RuleOptimizer)?.trainableParameters,
      changes.count == 2 * trained.count
    else { return ratios }
    var moved = [Double](repeating: 0, count: names.count)
    var before = moved
    for (index, parameter) in trained.enumerated() {
      guard let layer = layers[ObjectIdentifier(parameter)] else { continue }
      moved[layer] += changes[index] * changes[index]
      before[layer] += changes[trained.count + index] * changes[trained.count + index]
    }
    for layer in names.indices where before[layer] > 0 {
      ratios[layer] = (moved[layer] / before[layer]).squareRoot()
    }
    return ratios
  }
}
