"""What each method does: parameters in, a result out."""
