import NeuralNetworks

/// The same network, data and first weights under several optimizers, each at its own best learning rate.
package struct Comparison: Sendable {
  /// An optimizer's results.
  package struct Row: Encodable, Sendable {
    package struct Rate: Encodable, Sendable {
      package var learningRate: Double
      /// `nil` where the training diverged.
      package var loss: Double?
    }

    package struct Seed: Encodable, Sendable {
      package var seed: UInt64
      package var finalLoss: Double
      package var accuracy: Double?
      package var stepsToTarget: Int?
    }

    package var optimizer: String
    package var learningRate: Double
    /// The mean over the seeds of the mean training loss in the last tenth of the steps.
    package var finalLoss: Double
    /// On the test set, the mean over the seeds; `nil` where the task has none.
    package var accuracy: Double?
    /// The mean over the seeds of the steps until the loss was at most the task's target; `nil` where a seed did not
    /// get there.
    package var stepsToTarget: Double?
    package var seconds: Double
    package var seeds: [Seed]
    /// The learning rates that were tried, with the loss of the first seed at each.
    package var rates: [Rate]
    /// The training loss of each seed by step.
    package var curves: [[Double]]

    private enum CodingKeys: CodingKey {
      case optimizer, learningRate, finalLoss, accuracy, stepsToTarget, seconds, seeds, rates
    }

    /// Every key is there: `null` where there is no number.
    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(optimizer, forKey: .optimizer)
      try container.encode(learningRate, forKey: .learningRate)
      try container.encode(finalLoss, forKey: .finalLoss)
      try container.encode(accuracy, forKey: .accuracy)
      try container.encode(stepsToTarget, forKey: .stepsToTarget)
      try container.encode(seconds, forKey: .seconds)
      try container.encode(seeds, forKey: .seeds)
      try container.encode(rates, forKey: .rates)
    }
  }

  package let task: ComparedTask
  package private(set) var rows: [Row] = []
  /// Whether it was stopped before the last optimizer; the one that was being trained has no row.
  package private(set) var isStopped = false

  /// Compares the optimizers on the seeds from 0 up to `seeds`. `report` is told what is done next, before each
  /// training; where it requests the `stop`, the comparison ends with the optimizers that are done.
  package init(
    _ task: ComparedTask, _ optimizers: [OptimizerName], seeds: Int, stop: StopRequest = StopRequest(),
    report: (String) throws -> Void = { _ in }
  ) throws {
    self.task = task
    let clock = ContinuousClock()
    for optimizer in optimizers {
      let start = clock.now
      var search = RateSearch(around: optimizer.defaultLearningRate)
      while let rate = search.next {
        try report("\(optimizer.rawValue): learning rate \(rate)")
        isStopped = stop.isRequested
        if isStopped { return }
        let outcome = try task.train(optimizer, learningRate: Float(rate), seed: 0, evaluates: false)
        search.add(outcome.finalLoss)
      }
      var row = Row(
        optimizer: optimizer.rawValue, learningRate: search.best, finalLoss: 0, seconds: 0, seeds: [],
        rates: search.tried.map { .init(learningRate: $0.rate, loss: $0.loss.isFinite ? $0.loss : nil) }, curves: [])
      for seed in 0..<UInt64(max(seeds, 1)) {
        try report("\(optimizer.rawValue): seed \(seed)")
        isStopped = stop.isRequested
        if isStopped { return }
        let outcome = try task.train(optimizer, learningRate: Float(search.best), seed: seed)
        row.seeds.append(
          .init(
            seed: seed, finalLoss: outcome.finalLoss, accuracy: outcome.accuracy,
            stepsToTarget: outcome.steps(to: task.target)))
        row.curves.append(outcome.losses)
      }
      row.finalLoss = Self.mean(row.seeds.map(\.finalLoss))
      let accuracies = row.seeds.compactMap(\.accuracy)
      row.accuracy = accuracies.isEmpty ? nil : Self.mean(accuracies)
      let reached = row.seeds.compactMap(\.stepsToTarget)
      row.stepsToTarget = reached.count == row.seeds.count ? Self.mean(reached.map(Double.init)) : nil
      row.seconds = start.duration(to: clock.now).seconds
      rows.append(row)
    }
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
}
