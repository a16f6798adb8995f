"""Why a sale is where it is, why a result is empty, and why two results differ."""
