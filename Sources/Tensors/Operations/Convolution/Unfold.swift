import CKernels

/// Each window of images: [n, c, h, w] → [n, c, oh, ow, kh, kw].
struct Unfold: PrimitiveOperation, WindowOperation {
  let window: Window
  /// What is around the images.
  var outside = Constant(0)

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (n, c, height, width) = try image(operands[0])
    let out = try positions(height, width)
    let shape: Shape = [n, c, out.height, out.width, window.kernel.height, window.kernel.width]
    return [TensorType(shape, operands[0].dtype)]
  }

  /// `Fold` of u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let images = step.operands[0].shape
    return [.record(Fold(window: window, height: images[2], width: images[3]), [step.upstream])]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let x = operands.arrays[0].floats
    return .floats(window.sources(in: operands.shapes[0]).map { $0.map { x[$0] } ?? outside.value })
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (x, y) = (try lowering.contiguous(instruction.inputs[0]), lowering.result(instruction.firstOutput))
    let image = WindowedImage(image: x.shape, windows: y.shape, window)
    lowering.emit(UnfoldKernel(type: y.dtype, image: image, outside: outside.value), [x], [y])
  }
}

/// The transpose of `Unfold`: adds windows up into images of this size.
struct Fold: PrimitiveOperation, WindowOperation {
  let window: Window
  let height: Int, width: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let shape = operands[0].shape
    let out = try positions(height, width)
    guard shape.rank == 6,
      Array(shape.dropFirst(2)) == [out.height, out.width, window.kernel.height, window.kernel.width]
    else { throw TensorError("fold: \(shape) does not fold into images of \(height)×\(width)") }
    return [TensorType([shape[0], shape[1], height, width], operands[0].dtype)]
  }

  /// `Unfold` of u.
  func gradients(_ step: BackwardStep) -> [Tensor?] { [.record(Unfold(window: window), [step.upstream])] }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let y = operands.arrays[0].floats
    var x = [Double](repeating: 0, count: operands.type.shape.elementCount)
    for (index, source) in window.sources(in: operands.type.shape).enumerated() {
      if let source { x[source] += y[index] }
    }
    return .floats(x)
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (y, x) = (try lowering.contiguous(instruction.inputs[0]), lowering.result(instruction.firstOutput))
    let image = WindowedImage(image: x.shape, windows: y.shape, window)
    lowering.emit(UnfoldKernel(type: x.dtype, image: image, outside: nil), [y], [x])
  }
}

extension Window {
  /// For each element of [n, c, oh, ow, kh, kw] its offset in the images [n, c, h, w]; `nil` outside.
  fileprivate func sources(in images: Shape) -> [Int?] {
    let (height, width) = (images[2], images[3])
    let out = positions(height: height, width: width)
    let sizes: Shape = [images[0] * images[1], out.height, out.width, kernel.height, kernel.width]
    let planes = offsets(sizes, [1, 0, 0, 0, 0])
    let rows = offsets(sizes, [0, stride.height, 0, dilation.height, 0], from: -paddingBegin.height)
    let columns = offsets(sizes, [0, 0, stride.width, 0, dilation.width], from: -paddingBegin.width)
    return planes.indices.map { index in
      let (row, column) = (rows[index], columns[index])
      return 0..<height ~= row && 0..<width ~= column ? (planes[index] * height + row) * width + column : nil
    }
  }
}

/// Unfolds images, with a value outside of them, or folds windows.
private struct UnfoldKernel: PlainKernel {
  let type: DType
  let image: WindowedImage
  let outside: Double?

  var title: String { "\(outside == nil ? "fold" : "unfold") \(image.title)" }
  var cost: Cost { Cost(elements: image.pixels + image.positions * image.area) }

  func run(_ operands: KernelOperands) {
    withUnsafePointer(to: image.cValue) {
      switch (outside, type) {
      case (let outside?, .float32): backprop_unfold($0, Float(outside), operands[0], operands[1])
      case (let outside?, _): backprop_plain_unfold(type.code, $0, outside, operands.start[0], operands.start[1])
      case (nil, .float32): backprop_fold($0, operands[0], operands[1])
      case (nil, _): backprop_plain_fold(type.code, $0, operands.start[0], operands.start[1])
      }
    }
  }
}

/// The sizes of images and of the windows in them.
struct WindowedImage: BitwiseCopyable {
  let cValue: backprop_window

  init(image: Shape, windows: Shape, _ window: Window) {
    cValue = backprop_window(
      batch: Int64(image[0]), channels: Int64(image[1]), height: Int64(image[2]), width: Int64(image[3]),
      out_height: Int64(windows[2]), out_width: Int64(windows[3]), kernel: window.kernel.cValue,
      stride: window.stride.cValue, padding: window.paddingBegin.cValue, dilation: window.dilation.cValue)
  }

  var title: String {
    let (height, width) = cValue.kernel
    return "\([cValue.batch, cValue.channels, cValue.height, cValue.width]) by \(Pair(Int(height), Int(width)))"
  }
  /// Elements of the images, of one element a window, and of a window.
  var pixels: Int { Int(cValue.batch * cValue.channels * cValue.height * cValue.width) }
  var positions: Int { Int(cValue.batch * cValue.channels * cValue.out_height * cValue.out_width) }
  var area: Int { Int(cValue.kernel.0 * cValue.kernel.1) }
}

extension Tensor {
  /// The windows of images as columns, im2col: [n, c, h, w] → [n, c · kh · kw, windows], the windows in row-major order.
  public func unfolded(
    kernel: SpatialSize, stride: SpatialSize = 1, paddingBegin: SpatialSize = 0, paddingEnd: SpatialSize = 0,
    dilation: SpatialSize = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard shape.rank == 4 else {
        throw TensorError("unfold: needs images [batch, channels, height, width], not \(type)")
      }
      let windows = try windows(
        for: "unfold", kernel: kernel, stride: stride, begin: paddingBegin, end: paddingEnd, dilation: dilation)
      let columns = Tensor.record(Unfold(window: windows.ofImages), [self])
      if columns.failure != nil { return columns }
      let (area, count) = (columns.shape[4].times(columns.shape[5]), columns.shape[2].times(columns.shape[3]))
      return columns.permuted([0, 1, 4, 5, 2, 3]).reshaped(to: [shape[0], shape[1].times(area), count])
    }
  }

  /// Columns added up into images of this size, col2im, the transpose of `unfolded`: [n, c · kh · kw, windows] → [n, c, h, w].
  /// Elements that are in no window are 0.
  public func folded(
    to size: SpatialSize, kernel: SpatialSize, stride: SpatialSize = 1, paddingBegin: SpatialSize = 0,
    paddingEnd: SpatialSize = 0, dilation: SpatialSize = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard shape.rank == 3, let sizes = size.along(2), sizes.allSatisfy({ 1...(1 << 30) ~= $0 }) else {
        throw TensorError(
          "fold: needs [batch, channels · kernel, windows] and a size of 1 to 2³⁰ along both axes, not \(type) and \(size)"
        )
      }
      let windows = try unsqueezed(axis: -1).windows(
        for: "fold", kernel: kernel, stride: stride, begin: paddingBegin, end: paddingEnd, dilation: dilation)
      let out = zip(windows, sizes).map { $0.positions(in: $1) }
      let (kh, kw) = (windows[0].kernel, windows[1].kernel)
      guard shape[1] % kh.times(kw) == 0, shape[2] == out[0].times(out[1]) else {
        throw TensorError(
          "fold: \(shape) are not columns of \(kh)×\(kw) elements of \(out[0])×\(out[1]) windows in images of \(size)")
      }
      let columns = reshaped(to: [shape[0], shape[1] / kh.times(kw), kh, kw, out[0], out[1]]).permuted([
        0, 1, 4, 5, 2, 3,
      ])
      return .record(Fold(window: windows.ofImages, height: sizes[0], width: sizes[1]), [columns])
    }
  }
}
