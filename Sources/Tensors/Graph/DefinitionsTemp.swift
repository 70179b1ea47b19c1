extension Op { func definition(_ inputs: [Tensor]) -> [Tensor]? { nil } }
