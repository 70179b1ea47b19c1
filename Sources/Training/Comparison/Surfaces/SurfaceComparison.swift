import NeuralNetworks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The optimizers on all surfaces, each at its own best learning rate.
package struct SurfaceComparison: Sendable {
  package struct Row: Encodable, Sendable {
    package struct Seed: Encodable, Sendable {
      package var seed: UInt64
      package var finalLoss: Double
      package var stepsToTarget: Int?
    }

    package var surface: String
    package var optimizer: String
    package var learningRate: Double
    /// The value after the last step, the mean over the seeds.
    package var finalLoss: Double
    /// The steps to the target, the mean over the seeds; `nil` where a seed did not get there.
    package var stepsToTarget: Double?
    package var seconds: Double
    package var seeds: [Seed]
    /// The learning rates that were tried.
    package var rates: [Double]

    private enum CodingKeys: CodingKey {
      case surface, optimizer, learningRate, finalLoss, stepsToTarget, seconds, seeds, rates
    }

    /// Every key is there: `null` where there is no number.
    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(surface, forKey: .surface)
      try container.encode(optimizer, forKey: .optimizer)
      try container.encode(learningRate, forKey: .learningRate)
      try container.encode(finalLoss, forKey: .finalLoss)
      try container.encode(stepsToTarget, forKey: .stepsToTarget)
      try container.encode(seconds, forKey: .seconds)
      try container.encode(seeds, forKey: .seeds)
      try container.encode(rates, forKey: .rates)
    }
  }

  /// The first part of a path, for the settings of the page's sliders.
  package struct Trail: Sendable {
    package var optimizer: OptimizerName
    package var bestRate: Double
    /// By momentum, then by learning rate; one momentum where the optimizer has none.
    package var paths: [[[(x: Double, y: Double)]]]
  }

  /// What the sliders offer: learning rates as multiples of the best, and momenta.
  package static let rateFactors = [0.25, 0.5, 1, 2, 4]
  package static let momenta = [0, 0.5, 0.9, 0.99]
  /// The steps of a trail.
  package static let trailSteps = 160

  package private(set) var rows: [Row] = []
  package private(set) var trails: [Surface: [Trail]] = [:]
  /// Whether it was stopped before the last surface; the one that was being followed has no rows.
  package private(set) var isStopped = false

  /// Compares the optimizers; seeds, from 0 up to `seeds`, only matter where gradients are noisy. With `hasTrails`,
  /// also computes what the page's sliders show. `report` is told what is done next; where it requests the `stop`, the
  /// comparison ends with the surfaces that are done.
  package init(
    _ optimizers: [OptimizerName], on surfaces: [Surface] = Surface.allCases, seeds: Int, hasTrails: Bool,
    stop: StopRequest = StopRequest(), report: (String) throws -> Void = { _ in }
  ) throws {
    let clock = ContinuousClock()
    for surface in surfaces {
      for name in optimizers {
        try report("\(surface.rawValue): \(name.rawValue)")
        guard !stop.isRequested else {
          rows.removeAll { $0.surface == surface.rawValue }
          trails[surface] = nil
          isStopped = true
          return
        }
        let start = clock.now
        let descent = try SurfaceDescent(surface, name)
        let (best, tried) = try Self.bestRate(descent, surface)
        let count = surface.noise > 0 ? max(seeds, 1) : 1
        let paths = try (0..<UInt64(count)).map {
          ($0, try descent.path(learningRate: best, limit: surface.steps, seed: $0))
        }
        let seeds = paths.map { seed, path in
          Row.Seed(seed: seed, finalLoss: path.values.last ?? .infinity, stepsToTarget: path.stepsToTarget)
        }
        let reached = seeds.compactMap(\.stepsToTarget)
        rows.append(
          Row(
            surface: surface.rawValue, optimizer: name.rawValue, learningRate: best,
            finalLoss: seeds.map(\.finalLoss).reduce(0, +) / Double(count),
            stepsToTarget: reached.count == count ? Double(reached.reduce(0, +)) / Double(count) : nil,
            seconds: start.duration(to: clock.now).seconds, seeds: seeds, rates: tried))
        if hasTrails { trails[surface, default: []].append(try Self.trail(surface, name, best)) }
      }
    }
  }

  /// The rate that reaches the target in the fewest steps, or with the least value where none does: powers of 2, then
  /// of the eighth and of the thirty-second root of 2 around the best.
  private static func bestRate(_ descent: SurfaceDescent, _ surface: Surface) throws -> (best: Double, tried: [Double])
  {
    var tried: [(rate: Double, steps: Int?, value: Double)] = []
    func best() -> Double {
      tried.min { ($0.steps ?? .max, $0.value) < ($1.steps ?? .max, $1.value) }?.rate ?? 0
    }
    func attempt(_ rate: Double) throws {
      // What takes more steps than the best so far need not go on.
      let limit =
        tried.compactMap(\.steps).min().map { min($0 + SurfaceDescent.patience, surface.steps) } ?? surface.steps
      let path = try descent.path(learningRate: rate, limit: limit)
      let last = path.values.last ?? .infinity
      let isComplete = last.isFinite && (path.stepsToTarget != nil || path.values.count == limit)
      tried.append((rate, path.stepsToTarget, isComplete ? last : .infinity))
    }
    for power in -14...3 { try attempt(exp2(Double(power))) }
    for (root, steps) in [(8.0, 7), (32.0, 3)] {
      let middle = best()
      for step in -steps...steps where step != 0 { try attempt(middle * exp2(Double(step) / root)) }
    }
    return (best(), tried.map(\.rate).sorted())
  }

  /// The paths for all settings.
  private static func trail(_ surface: Surface, _ name: OptimizerName, _ best: Double) throws -> Trail {
    let momenta: [Double?] = name.hasMomentum ? Self.momenta.map { $0 } : [nil]
    let paths = try momenta.map { momentum in
      let descent = try SurfaceDescent(surface, name, momentum: momentum)
      return try rateFactors.map {
        try descent.path(learningRate: best * $0, limit: trailSteps, continues: true).points
      }
    }
    return Trail(optimizer: name, bestRate: best, paths: paths)
  }
}

extension OptimizerName {
  /// Whether its momentum can be set here; `sgd` with one is another optimizer.
  package var hasMomentum: Bool { takesMomentum && self != .sgd }
}
