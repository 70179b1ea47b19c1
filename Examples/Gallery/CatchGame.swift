import Backprop

/// REINFORCE learns to catch a ball: it falls through a field of 9 × 9 and drifts sideways, back from the walls, and a paddle
/// below moves left, right or not at all. What is caught gives a reward of 1, what is missed −1.
///
/// After each game the probability of its moves goes up where the reward was above the mean of the games, and down where it
/// was below: the gradient of the expected reward.
///
/// Source: Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning", Machine
/// Learning 8 (1992).
///
/// Result: 93.2 % of 1,024 balls caught (untrained 13.0 %); 1.3 s of one core.
struct CatchGame: Program {
  static let name = "reinforce"
  private static let (size, games) = (9, 128)

  private var ball: (column: Int, row: Int), drift: Int, paddle = size / 2

  private init(_ random: inout SeededGenerator) {
    ball = (.random(in: 0..<Self.size, using: &random), 0)
    drift = .random(in: -1...1, using: &random)
  }

  /// What the player sees, each number from −1 to 1.
  private var observation: [Float] {
    [ball.column, ball.row, paddle].map { Float($0) / 4 - 1 } + [Float(drift), Float(paddle - ball.column) / 8]
  }

  /// Of the ball when it is down.
  private var reward: Float { paddle == ball.column ? 1 : -1 }

  /// The ball falls a row, and the paddle goes by −1, 0 or 1.
  private mutating func move(_ action: Int) {
    if !(0..<Self.size).contains(ball.column + drift) { drift = -drift }
    ball = (ball.column + drift, ball.row + 1)
    paddle = min(max(paddle + action, 0), Self.size - 1)
  }

  /// What happened in a number of games: states [moves, 5], actions int32 [moves] and the reward of each move's game.
  private struct Experience {
    var (states, actions, rewards): ([Float], [Int32], [Float]) = ([], [], [])
  }

  /// Plays games by moves drawn from the policy.
  private static func play(_ policy: Sequential, _ random: inout SeededGenerator) throws -> Experience {
    var all = (0..<games).map { _ in CatchGame(&random) }
    var experience = Experience()
    for _ in 1..<size {
      let states = all.flatMap(\.observation)
      let logits = policy(Tensor(states, shape: [games, 5]))
      // The greatest of logits with Gumbel's noise is a draw from their softmax.
      let noise = -(-(Tensor.randomUniform([games, 3]) + 1e-9).log()).log()
      let actions = try (logits + noise).argmax().values(as: Int32.self)
      for (game, action) in actions.enumerated() { all[game].move(Int(action) - 1) }
      experience.states += states
      experience.actions += actions
    }
    experience.rewards = (1..<size).flatMap { _ in all.map(\.reward) }
    return experience
  }

  static func run(quick: Bool) throws -> Finding {
    let policy = Sequential {
      Dense(5, 64, activation: .tanh)
      Dense(64, 3)
    }
    let learn = CompiledStep(with: Adam(for: policy, learningRate: 1e-2), for: policy) { policy, inputs in
      let surprise = crossEntropyLosses(logits: policy(inputs[0]), labels: inputs[1])  // −log π(action | state)
      return (surprise * (inputs[2] - inputs[2].mean())).mean()
    }
    var random = SeededGenerator(seed: 0)
    func caught() throws -> Double {
      let rewards = try (0..<8).flatMap { _ in try play(policy, &random).rewards.prefix(games) }
      return Double(rewards.count { $0 > 0 }) / Double(rewards.count)
    }
    let before = try caught()
    for _ in 0..<(quick ? 300 : 2000) {
      let experience = try play(policy, &random)
      let moves = experience.actions.count
      try learn([
        Tensor(experience.states, shape: [moves, 5]), Tensor(experience.actions, shape: [moves]),
        Tensor(experience.rewards, shape: [moves]),
      ])
    }
    let after = try caught()
    return Finding(
      value: after, text: "\(after.percent) of 1,024 balls caught, untrained \(before.percent)")
  }
}
