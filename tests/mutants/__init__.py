"""`make mutants`: do the tests notice when the code is changed? Each small change is a mutant, and should be killed."""
