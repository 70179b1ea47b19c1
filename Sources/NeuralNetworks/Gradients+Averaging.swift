import Tensors

extension Gradients {
  /// The means over all processes of the loss, of the gradients and of running statistics, where each process computed
  /// them from its part of a batch.
  ///
  /// A step along them is the same in all processes, so their parameters stay equal. What is sent goes out in the
  /// background, in buckets of some megabytes, while the backward pass computes what comes before; the update waits for it.
  ///
  /// - Parameters:
  ///   - weight: how much this process' part counts, such as the number of its examples, a float32 scalar; where it is
  ///     `nil`, all count the same. One process must count more than 0. In a `CompiledStep` it is an input.
  ///   - type: as what gradients are sent: bfloat16 halves the bytes and leaves 8 bits of each number.
  ///
  /// All processes must have gradients for the same parameters. Gradients of tables by their used rows become whole ones.
  ///
  /// Source: Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training", VLDB 2020, section 3.2.
  public func averaged(
    over processes: Distributed, weight: Tensor? = nil, sendingAs type: DType = .float32
  ) -> Gradients {
    averaged(over: processes, weight: weight, sendingAs: type, with: []).gradients
  }

  /// The same with the means of other scalars, such as an accuracy.
  package func averaged(
    over processes: Distributed, weight: Tensor?, sendingAs type: DType, with scalars: [Tensor]
  ) -> (gradients: Gradients, scalars: [Tensor]) {
    guard processes.size > 1 else { return (self, scalars) }
    guard type == .float32 || type == .bfloat16 else {
      let error = TensorError("averaged(over:): gradients are sent as float32 or bfloat16, not \(type)")
      return (failed(with: error), scalars)
    }
    let firsts = [loss] + scalars
    let trained = parameters.reversed().filter { self[$0] != nil }
    let statistics = assignments.filter { $0.1.dtype.isDifferentiable }
    var values = firsts.map { BucketedValue($0) }
    if weight != nil { values.append(BucketedValue(.ones([]))) }
    // The gradients of the last parameters are complete first.
    values += trained.compactMap { self[$0] }.map { BucketedValue($0, sentAs: $0.dtype == .float64 ? .float64 : type) }
    values += statistics.map { BucketedValue($0.1) }
    let (sums, buckets) = sums(of: values, weight: weight)

    let scale = weight == nil ? .constant(1 / Double(processes.size)) : .constant(1) / sums[firsts.count]
    let means = sums.map { $0 * scale.cast(to: $0.dtype) }
    var result = Gradients(
      // The others wait for this process' buckets, whatever uses their sums here.
      loss: means[0].completed(with: buckets), parameters: parameters, byParameter: [:],
      assignments: assignments.filter { !$0.1.dtype.isDifferentiable })
    let gradients = means.dropFirst(firsts.count + (weight == nil ? 0 : 1))
    for (parameter, mean) in zip(trained, gradients) { result[parameter] = mean }
    for ((variable, _), mean) in zip(statistics, gradients.dropFirst(trained.count)) {
      result.assign(mean, to: variable)
    }
    return (result, Array(means[1..<firsts.count]))
  }

  private func failed(with error: TensorError) -> Gradients {
    Gradients(loss: .failed(error), parameters: parameters, byParameter: [:], assignments: [])
  }
}

/// A value to be summed over all processes.
private struct BucketedValue {
  let tensor: Tensor
  let type: DType

  init(_ tensor: Tensor, sentAs type: DType? = nil) { (self.tensor, self.type) = (tensor, type ?? tensor.dtype) }

  var byteCount: Int { tensor.shape.elementCount * type.byteCount }
}

/// The sums of values over all processes, each times the process' weight, and the buckets that they are in.
private func sums(of values: [BucketedValue], weight: Tensor?) -> (sums: [Tensor], buckets: [Tensor]) {
  // A sixteenth of all is what is left to send when the backward pass ends; smaller buckets cost their latency.
  let limit = min(max(values.reduce(0) { $0 + $1.byteCount } / 16, 64 << 10), 4 << 20)
  var buckets: [[Int]] = []
  var open: [DType: (bucket: Int, bytes: Int)] = [:]
  for (index, value) in values.enumerated() {
    if let (bucket, bytes) = open[value.type], bytes + value.byteCount <= limit || bytes == 0 {
      buckets[bucket].append(index)
      open[value.type] = (bucket, bytes + value.byteCount)
    } else {
      open[value.type] = (buckets.count, value.byteCount)
      buckets.append([index])
    }
  }
  let started = buckets.enumerated().map { number, members in
    let parts = members.map { index in
      let value = values[index]
      let flat = value.tensor.reshaped(to: [value.tensor.shape.elementCount])
      return (weight.map { flat * $0.cast(to: flat.dtype) } ?? flat).cast(to: value.type)
    }
    return Tensor.concatenated(parts, axis: 0).startingSum(number: number, of: buckets.count)
  }
  let finished = started.enumerated().map { number, flat in flat.finishingSum(number: number) }
  var sums = values.map(\.tensor)
  for (members, whole) in zip(buckets, finished) {
    var start = 0
    for index in members {
      let tensor = values[index].tensor
      let count = tensor.shape.elementCount
      sums[index] = whole.sliced(starts: [start], shape: [count]).cast(to: tensor.dtype).reshaped(to: tensor.shape)
      start += count
    }
  }
  return (sums, finished)
}
